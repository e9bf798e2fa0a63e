// SPDX-License-Identifier: GPL-3.0-or-later
// Clips and uploads of the fake server, in memory.
import type { Clip, ClipList, Lineage, Part, Request, Upload } from '../../../web/src/api/types'
import { decodeWav } from '../../../web/src/audio/wav'
import { Refusal } from './http'
import { render, spectrogram, wav } from './sound'

interface Stored<T> {
  about: T
  sound: Buffer
  picture: Buffer
}

export interface NewClip {
  pipeline: string
  request: Request
  samples: number
  parents?: string[]
  job?: string | null
  title?: string
  tags?: string[]
  sound?: Buffer
  part?: Part
}

const text = (value: unknown) => (typeof value === 'string' ? value : '')
const numberOr = (value: unknown, otherwise: number | null) => (typeof value === 'number' ? value : otherwise)

export class Library {
  readonly clips = new Map<string, Stored<Clip>>()
  readonly uploads = new Map<string, Stored<Upload>>()
  private count = 0

  constructor(private readonly sampleRate: number) {}

  addClip(made: NewClip): Clip {
    const id = `clip_${++this.count}`
    const prompt = text(made.request.prompt)
    const key = `${made.part?.name ?? ''}${prompt} ${String(made.request.seed)}`
    const about: Clip = {
      id, title: made.title || prompt || 'untitled', created_at: new Date(Date.now() + this.count).toISOString(),
      pipeline: made.pipeline, model: 'riffle-fake', prompt, seed: numberOr(made.request.seed, null),
      duration_s: made.samples / this.sampleRate, frames: made.samples, sample_rate: this.sampleRate, channels: 1,
      loudness_lufs: -23, bpm: numberOr(made.request.bpm, null), beats: 0, beats_per_bar: 4,
      loop: made.request.loop === true, rating: 0, tags: made.tags ?? [], notes: [],
      request: { ...made.request, pipeline: made.pipeline, model: 'riffle-fake' }, parents: made.parents ?? [],
      job: made.job ?? null, part: made.part ?? { role: '', name: '', of: null }, url: `/api/v1/clips/${id}`, audio_url: `/api/v1/clips/${id}/audio.wav`,
      picture_url: `/api/v1/clips/${id}/picture.png`, latents_url: null,
    }
    const frames = Math.max(2, Math.round((made.samples / this.sampleRate) * 50))
    const sound = made.sound ?? wav(render(key, 0, made.samples, this.sampleRate), this.sampleRate)
    this.clips.set(id, { about, sound, picture: spectrogram(key, 0, frames) })
    return about
  }

  clip(id: string): Stored<Clip> {
    const found = this.clips.get(id)
    if (!found) throw new Refusal(404, 'not_found', `no clip ${id}`)
    return found
  }

  list(query: URLSearchParams): ClipList {
    const words = (query.get('q') ?? '').toLowerCase().split(/\s+/).filter(Boolean)
    const all = [...this.clips.values()].map((stored) => stored.about).filter((clip) => {
      const searched = `${clip.title} ${clip.prompt} ${clip.tags.join(' ')}`.toLowerCase()
      return words.every((word) => searched.includes(word))
        && (!query.get('tag') || clip.tags.includes(query.get('tag')!))
        && (!query.get('pipeline') || clip.pipeline === query.get('pipeline'))
        && clip.rating >= Number(query.get('rating_min') ?? 0)
    })
    const sort = query.get('sort') ?? 'newest'
    all.sort((a, b) => b.created_at.localeCompare(a.created_at))
    if (sort === 'oldest') all.reverse()
    if (sort === 'rating') all.sort((a, b) => b.rating - a.rating)
    if (sort === 'title') all.sort((a, b) => a.title.localeCompare(b.title))
    const offset = Number(query.get('offset') ?? 0)
    const limit = Number(query.get('limit') ?? 50)
    const next = offset + limit < all.length ? `/api/v1/clips?offset=${offset + limit}` : null
    return { clips: all.slice(offset, offset + limit), total: all.length, next }
  }

  lineage(id: string): Lineage {
    const ancestors: Clip[] = []
    const descendants: Clip[] = []
    const up = (clip: Clip) => {
      for (const parent of clip.parents) {
        const found = this.clips.get(parent)
        if (found) {
          ancestors.push(found.about)
          up(found.about)
        }
      }
    }
    const down = (parent: string) => {
      for (const { about } of this.clips.values()) {
        if (!about.parents.includes(parent)) continue
        descendants.push(about)
        down(about.id)
      }
    }
    up(this.clip(id).about)
    down(id)
    return { clip: this.clip(id).about, ancestors, descendants }
  }

  tags(): { name: string; clips: number }[] {
    const counts = new Map<string, number>()
    for (const { about } of this.clips.values()) {
      for (const tag of about.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1)
    }
    return [...counts].map(([name, clips]) => ({ name, clips }))
  }

  addUpload(name: string, data: Buffer): Upload {
    if (data.subarray(0, 4).toString('latin1') !== 'RIFF') {
      throw new Refusal(422, 'bad_file', `${name}: expected sound, a picture or latents, got something else`,
        'WAV, FLAC, MP3, Ogg, Opus and M4A files are read, PNG and JPEG pictures, and safetensors.')
    }
    const id = `up_${++this.count}`
    const heard = decodeWav(data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer)
    const frames = heard.channels[0]!.length
    // A clip made here carries its request; the fake keeps it by the name of the file.
    const clip = [...this.clips.values()].find(({ about }) => name === `${about.id}.wav`)
    const about: Upload = {
      id, kind: 'audio', name, bytes: data.length, created_at: new Date().toISOString(),
      duration_s: frames / heard.sampleRate, sample_rate: heard.sampleRate, channels: heard.channels.length, width: null, height: null,
      request: clip?.about.request ?? null, url: `/api/v1/uploads/${id}`, data_url: `/api/v1/uploads/${id}/data`,
    }
    this.uploads.set(id, { about, sound: data, picture: spectrogram(name, 0, Math.max(2, Math.round((frames / this.sampleRate) * 50))) })
    return about
  }

  // Of whatever a file field names: how many samples it has.
  samplesOf(id: string): number {
    const upload = this.uploads.get(id)
    if (upload) return Math.round(upload.about.duration_s! * this.sampleRate)
    if (id.startsWith('clip_')) return this.clip(id).about.frames
    throw new Refusal(404, 'not_found', `no file ${id}`)
  }
}
