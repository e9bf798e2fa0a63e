// SPDX-License-Identifier: GPL-3.0-or-later
// Files and clips that are dropped or chosen, and where a request belongs.
import { api } from '../api/client'
import type { Clip, Pipeline, Request, Upload } from '../api/types'
import type { Page } from './route'

export const clipType = 'application/x-riffle-clip'

// What a page can work on: a clip of the library or an upload.
export interface Source {
  id: string
  title: string
  audio_url: string
  picture_url: string | null
  duration_s: number
  bpm: number | null
  clip: Clip | null
}

export function sourceOfClip(clip: Clip): Source {
  const { id, title, audio_url, picture_url, duration_s, bpm } = clip
  return { id, title, audio_url, picture_url, duration_s, bpm, clip }
}

export function sourceOfUpload(upload: Upload): Source {
  return {
    id: upload.id, title: upload.name, audio_url: upload.data_url, picture_url: `${upload.url}/picture.png`,
    duration_s: upload.duration_s ?? 0, bpm: null, clip: null,
  }
}

// By the id in a page's address.
export async function sourceOf(id: string): Promise<Source> {
  return id.startsWith('up_') ? sourceOfUpload(await api.uploaded(id)) : sourceOfClip(await api.clip(id))
}

// A sound that was dropped or chosen. Throws what the server says of a file that is none.
export async function uploadSound(file: File): Promise<Upload> {
  const upload = await api.upload(file)
  if (upload.kind !== 'audio') throw new Error(`${file.name}: expected a sound, got ${upload.kind === 'picture' ? 'a picture' : 'latents'}.`)
  return upload
}

// The page whose form makes this request, and what its address must say. What runs on a band model is Band's.
export function placeOf(request: Request, pipelines: readonly Pipeline[]): { page: Page; query: Record<string, string> } {
  const file = typeof request.file === 'string' ? request.file : ''
  if (request.pipeline === 'cover') return { page: 'cover', query: file ? { source: file } : {} }
  if (request.pipeline === 'inpaint' || request.pipeline === 'extend') {
    return { page: 'edit', query: file.startsWith('clip_') ? { clip: file } : {} }
  }
  if (pipelines.some(({ name, kind }) => name === request.pipeline && kind === 'band')) return { page: 'band', query: {} }
  if (request.pipeline === 'jam') return { page: 'jam', query: { prompt: String(request.prompt ?? '') } }
  return { page: 'make', query: {} }
}
