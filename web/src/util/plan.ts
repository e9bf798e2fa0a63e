// SPDX-License-Identifier: GPL-3.0-or-later
// The plan of a whole mix: tracks in the order they are made, as the pipeline compose takes them.
import type { Json, Request } from '../api/types'

export interface Track {
  key: number // of the row on the screen
  name: string
  prompt: string
  gain_db: number
  like: string | null // a clip
  rest: Request // seed and blend, as a plan that was used before has them
}

export const firstTracks: Omit<Track, 'key' | 'like' | 'rest'>[] = [
  { name: 'drums', prompt: 'drums', gain_db: 0 },
  { name: 'bass', prompt: 'slap bass', gain_db: 0 },
  { name: 'pad', prompt: 'warm pad', gain_db: 0 },
]

// Letters, digits and hyphens are what names of tracks consist of.
export function trackName(name: string, place: number): string {
  const plain = name.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40)
  return plain || `track-${place + 1}`
}

export function planOf(tracks: Track[]): { [key: string]: Json } {
  const used = new Set<string>()
  return {
    tracks: tracks.map(({ name, prompt, gain_db, like, rest }, place) => {
      let own = trackName(name, place)
      if (used.has(own)) own = `${own}-${place + 1}`
      used.add(own)
      return { ...rest, name: own, ...(like !== null && { like }), ...(prompt.trim() && { prompt: prompt.trim() }), ...(gain_db !== 0 && { gain_db }) }
    }),
  }
}

// The tracks of a request of compose, to be changed and made again.
export function tracksOf(request: Request): Omit<Track, 'key'>[] {
  const { plan } = request
  const tracks = typeof plan === 'object' && plan !== null && !Array.isArray(plan) && Array.isArray(plan.tracks) ? plan.tracks : []
  return tracks.flatMap((track) => {
    if (typeof track !== 'object' || track === null || Array.isArray(track)) return []
    const { name, prompt, gain_db, like, ...rest } = track
    return [{ name: String(name ?? ''), prompt: String(prompt ?? ''), gain_db: Number(gain_db ?? 0), like: like ? String(like) : null, rest }]
  })
}
