// SPDX-License-Identifier: GPL-3.0-or-later
// Jobs of the fake server: one after the other, step by step.
import type { Clip, Job, JobSubmit, Pipeline, Problem, Segment } from '../../../web/src/api/types'
import type { Events } from './events'
import { Refusal } from './http'
import type { Library, NewClip } from './library'
import { render, spectrogram, wav } from './sound'

export interface Pace {
  stepMs: number
  steps: number
  holdAt: number | null // after that step nothing goes on until this changes
}

export class Jobs {
  readonly all = new Map<string, Job>()
  readonly previews = new Map<string, Buffer>()
  readonly sounds = new Map<string, Buffer>() // of the segments of streamed jobs, by their address
  private count = 0
  private running = false

  constructor(
    private readonly events: Events,
    private readonly library: Library,
    private readonly pipelines: Pipeline[],
    private readonly pace: Pace,
    private readonly sampleRate: number,
  ) {}

  submit(body: JobSubmit): Job {
    const pipeline = this.pipelines.find(({ name }) => name === body.pipeline)
    if (!pipeline) throw new Refusal(400, 'invalid_argument', `no pipeline ${body.pipeline}`)
    if (!pipeline.available) throw new Refusal(409, 'conflict', `${pipeline.name} needs a ${pipeline.kind} model, there is none`, 'riffle serve --band-model NAME')
    const known = pipeline.fields.map(({ name }) => name)
    for (const name of Object.keys(body.request)) {
      if (known.includes(name) || name === 'pipeline' || name === 'model') continue
      throw new Refusal(400, 'invalid_argument', `${body.pipeline} request: unknown field ${name}`,
        `fields: ${known.join(', ')}`)
    }
    if (body.request.bars !== undefined && body.request.bpm === undefined) {
      throw new Refusal(400, 'invalid_argument', 'bars: expected a tempo beside it, got none', 'give bpm too')
    }
    const id = `job_${++this.count}`
    const seed = body.request.seed
    const job: Job = {
      id, pipeline: body.pipeline, state: 'queued', position: 1, created_at: new Date().toISOString(),
      started_at: null, finished_at: null,
      progress: { stage: 'queued', step: 0, steps: 0, fraction: 0, eta_s: null, clip: 1, clips: this.clipsOf(body) },
      request: { ...body.request, seed: typeof seed === 'number' && seed >= 0 ? seed : 4_000_000_000 + this.count },
      stream: body.stream ?? false, clips: [], segments: [], real_time_factor: null, preview_url: null, error: null,
      title: body.title ?? '', tags: body.tags ?? [], restarts: 0, url: `/api/v1/jobs/${id}`,
      events_url: `/api/v1/jobs/${id}/events`, stream_url: null,
    }
    this.all.set(id, job)
    this.events.send('state', { job })
    void this.work()
    return job
  }

  job(id: string): Job {
    const job = this.all.get(id)
    if (!job) throw new Refusal(404, 'not_found', `no job ${id}`)
    return job
  }

  cancel(id: string): Job {
    const job = this.job(id)
    if (job.state === 'queued' || job.state === 'running') this.end(job, 'cancelled')
    return job
  }

  private clipsOf(body: JobSubmit): number {
    const asked = body.pipeline === 'interpolate' ? (body.request.steps ?? 5) : body.request.count
    return typeof asked === 'number' ? asked : 1
  }

  private async work(): Promise<void> {
    if (this.running) return
    this.running = true
    for (;;) {
      const job = [...this.all.values()].find(({ state }) => state === 'queued')
      if (!job) break
      await this.run(job)
    }
    this.running = false
  }

  private async run(job: Job): Promise<void> {
    job.state = 'running'
    job.position = 0
    job.started_at = new Date().toISOString()
    this.events.send('state', { job })
    if (job.stream && !(await this.segments(job))) return
    const { clips } = job.progress
    for (let clip = 1; clip <= clips; clip++) {
      if (!(await this.steps(job, clip, clips))) return
      this.finishClip(job, clip)
    }
    this.end(job, 'done')
  }

  // A streamed job is told in segments of five seconds, the whole comes as a clip at the end.
  private async segments(job: Job): Promise<boolean> {
    const total = this.samplesFor(job)
    const samples = 5 * this.sampleRate
    for (let index = 0; index * samples < total; index++) {
      await new Promise((resolve) => setTimeout(resolve, this.pace.stepMs))
      if (job.state !== 'running') return false
      const start = index * samples
      const url = `${job.url}/segments/${index}-0.wav`
      const length = Math.min(samples, total - start)
      this.sounds.set(url, wav(render('stream', start, length, this.sampleRate), this.sampleRate))
      const segment: Segment = {
        index, revision: 0, url, picture_url: '', start_sample: start, samples: length, sample_rate: this.sampleRate, channels: 1,
        first_beat_sample: start, bpm: null, beats: 0, made_s: 1, real_time_factor: 5,
        request: {
          prompt: String(job.request.prompt), to: '', alpha: 0, seed: 1, to_seed: 1, seed_image: null, denoising: 1, bpm: null,
          guidance: 7, steps: this.pace.steps,
        },
      }
      job.segments.push(segment)
      this.events.send('segment', { job: job.id, segment })
    }
    return true
  }

  // False when it was cancelled or failed on the way.
  private async steps(job: Job, clip: number, clips: number): Promise<boolean> {
    const { steps, stepMs } = this.pace
    for (let step = 1; step <= steps; step++) {
      await new Promise((resolve) => setTimeout(resolve, stepMs))
      if (job.state !== 'running') return false
      if (job.request.prompt === 'fail' && step === 2) {
        this.end(job, 'failed', 'the model ran out of memory: needed 9 GB, had 8 GB', 'Make it shorter, or start with --low-memory.')
        return false
      }
      const fraction = (clip - 1 + step / steps) / clips
      const eta = ((steps - step + (clips - clip) * steps) * stepMs) / 1000
      job.progress = { stage: 'sample', step, steps, fraction, eta_s: eta, clip, clips }
      this.events.send('progress', { job: job.id, progress: job.progress, segment: null })
      // Band jobs have no previews.
      if (step % 2 === 0 && this.pipelines.find(({ name }) => name === job.pipeline)?.kind === 'riff') this.preview(job, step, steps)
      while (this.pace.holdAt === step && job.state === 'running') await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return true
  }

  private preview(job: Job, step: number, steps: number): void {
    const frames = Math.max(2, Math.round((this.samplesFor(job) / this.sampleRate) * 50))
    this.previews.set(job.id, spectrogram(`${String(job.request.prompt)} ${String(job.request.seed)}`, 0, frames, step / steps))
    job.preview_url = `${job.url}/preview.png?step=${step}`
    this.events.send('preview', {
      job: job.id, step, steps, segment: null, revision: null, picture_url: job.preview_url,
    })
  }

  private samplesFor(job: Job): number {
    const request = job.request
    let seconds = 5.12
    if (typeof request.seconds === 'number') seconds = request.seconds
    if (typeof request.bars === 'number' && typeof request.bpm === 'number') {
      seconds = (request.bars * Number(request.beats_per_bar ?? 4) * 60) / request.bpm
    }
    const origin = request.file ?? request.context
    const source = typeof origin === 'string' && origin !== '' ? this.library.samplesOf(origin) : 0
    if (job.pipeline === 'extend' || job.pipeline === 'extend-stem') return source + Math.round(seconds * this.sampleRate)
    return source || Math.round(seconds * this.sampleRate)
  }

  private finishClip(job: Job, number: number): void {
    const { file, context, like, from, to } = job.request
    const band = this.pipelines.find(({ name }) => name === job.pipeline)?.kind === 'band'
    const about = {
      pipeline: job.pipeline, request: { ...job.request, seed: Number(job.request.seed) + number - 1, count: 1 },
      samples: this.samplesFor(job), job: job.id, title: job.title, tags: job.tags,
      parents: [file, context, like, from, to].filter((id): id is string => typeof id === 'string' && /^(clip|up)_/.test(id)),
    }
    if (job.pipeline === 'compose') return this.finishMix(job, about)
    this.tell(job, this.library.addClip(band ? { ...about, part: { role: 'stem', name: '', of: null } } : about))
  }

  // The mix first, then its stems in the plan's order.
  private finishMix(job: Job, about: NewClip): void {
    const { tracks } = job.request.plan as { tracks: { name: string }[] }
    const mix = this.library.addClip({ ...about, part: { role: 'mix', name: '', of: null } })
    this.tell(job, mix)
    for (const { name } of tracks) {
      this.tell(job, this.library.addClip({ ...about, title: `${mix.title}: ${name}`, part: { role: 'stem', name, of: mix.id } }))
    }
  }

  private tell(job: Job, clip: Clip): void {
    job.clips.push(clip)
    this.events.send('clip', { job: job.id, clip })
  }

  private end(job: Job, state: 'done' | 'failed' | 'cancelled', detail = '', hint = ''): void {
    job.state = state
    job.finished_at = new Date().toISOString()
    if (state === 'failed') {
      job.error = { type: 'about:blank', title: 'Failed', status: 500, code: 'out_of_memory', detail, hint } as Problem
    }
    this.events.send('end', { job })
  }
}
