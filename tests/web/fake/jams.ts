// SPDX-License-Identifier: GPL-3.0-or-later
// Jams of the fake server: segments of one endless piece, made ahead of what is played.
import type { Clip, Jam, JamPatch, JamSave, JamSubmit, Segment } from '../../../web/src/api/types'
import type { Events } from './events'
import { Refusal } from './http'
import type { Pace } from './jobs'
import type { Library } from './library'
import { render, spectrogram, wav } from './sound'

interface Kept {
  segment: Segment
  sound: Buffer
  picture: Buffer
}

interface Running {
  jam: Jam
  kept: Kept[]
  preview: Buffer | null
  target: string
  alpha: number
  revisions: Map<number, number>
  making: boolean
  generation: number
}

export interface JamPace extends Pace {
  segmentS: number
}

const defaults = {
  queue: [], negative_prompt: '', seed_image: null, denoising: 0.75, bpm: null, beats_per_bar: 4, guidance: 7,
  steps: null, preset: 'fast' as const, transition_segments: 4, hold_segments: 4, ahead: 3, loudness: -16,
  preview_interval: 2,
}

export class Jams {
  private all = new Map<string, Running>()
  private count = 0
  readonly patches: JamPatch[] = []

  constructor(
    private readonly events: Events,
    private readonly library: Library,
    private readonly pace: JamPace,
    private readonly sampleRate: number,
  ) {}

  list(): Jam[] {
    return [...this.all.values()].map(({ jam }) => jam).filter(({ state }) => state === 'running' || state === 'paused')
  }

  start(body: JamSubmit): Jam {
    if (!body.prompt) throw new Refusal(400, 'invalid_argument', 'prompt: expected text, got none')
    if (this.list().length >= 4) throw new Refusal(429, 'queue_full', 'four jams are running already', 'End one first.')
    const id = `jam_${++this.count}_${Math.random().toString(36).slice(2, 8)}`
    const url = `/api/v1/jams/${id}`
    const seed = body.seed !== undefined && body.seed >= 0 ? body.seed : 40 + this.count
    const jam: Jam = {
      ...defaults, ...body, seed, id, state: 'running', waiting: false, created_at: new Date().toISOString(),
      segments: null, made: 0, played: -1, first_segment: 0, sample_rate: this.sampleRate, channels: 1,
      real_time_factor: null, error: null, url, events_url: `${url}/events`, stream_url: `${url}/stream.mp3`,
      segments_url: `${url}/segments`,
    }
    this.all.set(id, {
      jam, kept: [], preview: null, target: jam.prompt, alpha: 1, revisions: new Map(), making: false, generation: 0,
    })
    this.events.send('state', { jam })
    void this.make(this.running(id))
    return jam
  }

  jam(id: string): Jam {
    return this.running(id).jam
  }

  segments(id: string, from: number): Segment[] {
    return this.running(id).kept.map(({ segment }) => segment).filter(({ index }) => index >= from)
  }

  played(id: string, segment: number): Jam {
    const running = this.running(id)
    running.jam.played = Math.max(running.jam.played, segment)
    void this.make(running)
    return running.jam
  }

  change(id: string, patch: JamPatch): Jam {
    const running = this.running(id)
    this.patches.push(patch)
    const { from_segment: from, paused, ...settings } = patch
    Object.assign(running.jam, settings)
    if (paused !== undefined) running.jam.state = paused ? 'paused' : 'running'
    if (patch.prompt !== undefined) {
      running.alpha = 0
      running.target = patch.prompt
    }
    if (from !== undefined && from < running.jam.made + 1) {
      for (let index = from; index <= running.jam.made; index++) {
        running.revisions.set(index, (running.revisions.get(index) ?? 0) + 1)
      }
      running.kept = running.kept.filter(({ segment }) => segment.index < from)
      running.jam.made = Math.min(running.jam.made, from)
      running.generation += 1
      this.events.send('discard', { job: id, from_segment: from })
    }
    this.events.send('state', { jam: running.jam })
    void this.make(running)
    return running.jam
  }

  end(id: string): Jam {
    const running = this.running(id)
    running.jam.state = 'done'
    running.generation += 1
    this.events.send('end', { jam: running.jam })
    return running.jam
  }

  file(id: string, name: string): { type: string; data: Buffer } {
    const running = this.running(id)
    if (name.endsWith('-preview.png') && running.preview) return { type: 'image/png', data: running.preview }
    const match = /^(\d+)-(\d+)\.(wav|png)$/.exec(name)
    const kept = running.kept.find(({ segment }) => segment.index === Number(match?.[1]))
    if (!kept || kept.segment.revision !== Number(match![2])) throw new Refusal(410, 'gone', `${name} is no longer kept`)
    return match![3] === 'wav' ? { type: 'audio/wav', data: kept.sound } : { type: 'image/png', data: kept.picture }
  }

  save(id: string, save: JamSave): Clip {
    const running = this.running(id)
    const played = running.kept.filter(({ segment }) => segment.index <= running.jam.played)
    if (played.length === 0) throw new Refusal(409, 'conflict', 'nothing was played yet', 'Let it play first.')
    const all = played.reduce((sum, { segment }) => sum + segment.samples, 0)
    const samples = Math.min(all, Math.round((save.last_s ?? all) * this.sampleRate))
    return this.library.addClip({
      pipeline: 'jam', request: { prompt: running.jam.prompt, seed: running.jam.seed }, samples,
      title: save.title ?? running.jam.prompt, tags: save.tags ?? [],
    })
  }

  private running(id: string): Running {
    const found = this.all.get(id)
    if (!found) throw new Refusal(404, 'not_found', `no jam ${id}`)
    return found
  }

  private async make(running: Running): Promise<void> {
    if (running.making) return
    running.making = true
    const { jam } = running
    while (jam.state === 'running' && jam.made <= jam.played + jam.ahead) await this.makeOne(running)
    const waiting = jam.state === 'running'
    if (waiting !== jam.waiting) {
      jam.waiting = waiting
      this.events.send('state', { jam })
    }
    running.making = false
  }

  private async makeOne(running: Running): Promise<void> {
    const { jam, generation } = running
    const index = jam.made
    jam.waiting = false
    const { steps, stepMs } = this.pace
    const revision = running.revisions.get(index) ?? 0
    const frames = Math.round(this.pace.segmentS * 50)
    for (let step = 1; step <= steps; step++) {
      await new Promise((resolve) => setTimeout(resolve, stepMs))
      if (running.generation !== generation || jam.state === 'done') return
      const progress = { stage: 'sample', step, steps, fraction: step / steps, eta_s: ((steps - step) * stepMs) / 1000, clip: 1, clips: 1 }
      this.events.send('progress', { job: jam.id, progress, segment: index })
      if (step % 2) continue
      running.preview = spectrogram(running.target, index * frames, frames, step / steps)
      this.events.send('preview', {
        job: jam.id, step, steps, segment: index, revision,
        picture_url: `${jam.segments_url}/${index}-preview.png?step=${step}`,
      })
    }
    this.finish(running, index, revision, frames)
  }

  private finish(running: Running, index: number, revision: number, frames: number): void {
    const { jam } = running
    const samples = Math.round(this.pace.segmentS * this.sampleRate)
    const from = index * samples
    if (running.alpha < 1) running.alpha = Math.min(1, running.alpha + 1 / jam.transition_segments)
    const made = (this.pace.steps * this.pace.stepMs) / 1000
    const beats = 8
    const segment: Segment = {
      index, revision, url: `${jam.segments_url}/${index}-${revision}.wav`,
      picture_url: `${jam.segments_url}/${index}-${revision}.png`, start_sample: from, samples,
      sample_rate: this.sampleRate, channels: 1, first_beat_sample: from, bpm: (60 * beats) / this.pace.segmentS, beats,
      request: {
        prompt: running.target, to: jam.prompt, alpha: running.alpha, seed: jam.seed + index, to_seed: jam.seed + index + 1,
        seed_image: jam.seed_image, denoising: jam.denoising, bpm: jam.bpm, guidance: jam.guidance ?? 7, steps: this.pace.steps,
      },
      made_s: made, real_time_factor: this.pace.segmentS / made,
    }
    // One tone for the whole jam whatever its prompt: joints must not be heard.
    const sound = wav(render('jam', from, samples, this.sampleRate), this.sampleRate)
    running.kept.push({ segment, sound, picture: spectrogram(running.target, index * frames, frames) })
    jam.made = index + 1
    jam.real_time_factor = segment.real_time_factor
    this.events.send('segment', { job: jam.id, segment })
  }
}
