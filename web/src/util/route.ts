// SPDX-License-Identifier: GPL-3.0-or-later
// Pages by the hash of the address: #/make?from=clip_7. A link to a moment of a jam is such a hash too.
import type { Jam, Segment } from '../api/types'

export const pages = ['jam', 'make', 'band', 'cover', 'edit', 'library'] as const
export type Page = (typeof pages)[number] | 'listen' // reached from the library, not from the bar

export interface Route {
  page: Page
  query: URLSearchParams
}

export function parseHash(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const page = path === 'listen' ? path : (pages.find((name) => name === path) ?? 'jam')
  return { page, query: new URLSearchParams(query) }
}

export function hashOf(page: Page, query: Record<string, string | number | null | undefined> = {}): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parameters.set(key, String(value))
  }
  const text = parameters.toString()
  return `#/${page}${text ? `?${text}` : ''}`
}

export interface JamStart {
  prompt: string | null
  seed: number
  seed_image: string | null
  denoising: number
  bpm: number | null
}

const numberIn = (text: string | null, low: number, high: number): number | null => {
  const value = text === null || text === '' ? NaN : Number(text)
  return value >= low && value <= high ? value : null
}

// Whatever is missing or makes no sense in a link is left to the defaults.
export function jamStartOf(query: URLSearchParams): JamStart {
  const prompt = query.get('prompt')?.trim().slice(0, 1000)
  return {
    prompt: prompt || null,
    seed: Math.floor(numberIn(query.get('seed'), 0, 4294967295) ?? -1),
    seed_image: query.get('seed_image') || null,
    denoising: numberIn(query.get('denoising'), 0, 1) ?? 0.75,
    bpm: numberIn(query.get('bpm'), 40, 240),
  }
}

// A link that begins where this segment is: the nearer end of its way.
export function momentLink(jam: Jam, segment: Segment | null): string {
  const request = segment?.request
  const late = (request?.alpha ?? 0) > 0.5
  return hashOf('jam', {
    prompt: request ? (late ? request.to : request.prompt) : jam.prompt,
    seed: request ? (late ? request.to_seed : request.seed) : jam.seed,
    seed_image: request ? request.seed_image : jam.seed_image,
    denoising: request?.denoising ?? jam.denoising,
    bpm: request ? (jam.bpm === null ? null : request.bpm) : jam.bpm,
  })
}
