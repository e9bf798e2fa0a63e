// SPDX-License-Identifier: GPL-3.0-or-later
// The lanes of a band: what each is, which of them are heard, and how they change. Nothing here is changed in place.
import { fileName } from './format'

export interface Lane {
  id: string
  name: string
  wish: string // in words; empty: whatever fits
  like: string | null // the recording it is to sound like
  takes: string[] // clips
  chosen: string | null
  gain_db: number
  muted: boolean
  solo: boolean
  jobs: string[] // that make takes of it, and those that did not succeed
}

export interface Span {
  from_s: number
  to_s: number
}

export const leastGainDb = -36
export const mostGainDb = 12

export function newLane(about: Partial<Lane> & { id: string; name: string }): Lane {
  return { wish: '', like: null, takes: [], chosen: null, gain_db: 0, muted: false, solo: false, jobs: [], ...about }
}

// Solo goes before all others; mute goes before solo.
export function heardOf(lanes: Lane[]): Lane[] {
  const solo = lanes.some((lane) => lane.solo)
  return lanes.filter((lane) => lane.chosen !== null && !lane.muted && (!solo || lane.solo))
}

// What a lane is to fit: the others that are heard. Its own solo leaves them in.
export function othersHeard(lanes: Lane[], id: string | null): Lane[] {
  return heardOf(lanes.filter((lane) => lane.id !== id))
}

export function changed(lanes: Lane[], id: string, change: (lane: Lane) => Lane): Lane[] {
  return lanes.map((lane) => (lane.id === id ? change(lane) : lane))
}

// A take is there; it is chosen where none was, or where it is wanted.
export function withTake(lane: Lane, clip: string, choose: boolean): Lane {
  const takes = lane.takes.includes(clip) ? lane.takes : [...lane.takes, clip]
  return { ...lane, takes, chosen: choose || lane.chosen === null ? clip : lane.chosen }
}

// Its neighbour is chosen in its place.
export function withoutTake(lane: Lane, clip: string): Lane {
  const at = lane.takes.indexOf(clip)
  const takes = lane.takes.filter((known) => known !== clip)
  const chosen = lane.chosen === clip ? (takes[Math.min(at, takes.length - 1)] ?? null) : lane.chosen
  return { ...lane, takes, chosen }
}

// A name no other lane has.
export function freeName(lanes: { name: string }[], wanted: string): string {
  const name = fileName(wanted).slice(0, 28).trim()
  const taken = new Set(lanes.map((lane) => lane.name))
  if (!taken.has(name)) return name
  for (let count = 2; ; count++) if (!taken.has(`${name} ${count}`)) return `${name} ${count}`
}

export function moved<T>(list: T[], from: number, to: number): T[] {
  if (to < 0 || to >= list.length) return list
  const result = [...list]
  result.splice(to, 0, ...result.splice(from, 1))
  return result
}

export function secondsWords({ from_s, to_s }: Span): string {
  return `${from_s.toFixed(2)} to ${to_s.toFixed(2)} s`
}

// A saved lane, whatever became of the program since it was saved. Null for what is none.
export function laneOf(saved: unknown): Lane | null {
  if (typeof saved !== 'object' || saved === null) return null
  const lane = saved as Partial<Lane>
  if (typeof lane.id !== 'string' || typeof lane.name !== 'string') return null
  const texts = (value: unknown) => (Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : [])
  const takes = texts(lane.takes)
  return newLane({
    id: lane.id, name: lane.name, takes, jobs: texts(lane.jobs),
    wish: typeof lane.wish === 'string' ? lane.wish : '',
    like: typeof lane.like === 'string' ? lane.like : null,
    chosen: typeof lane.chosen === 'string' && takes.includes(lane.chosen) ? lane.chosen : (takes[0] ?? null),
    gain_db: typeof lane.gain_db === 'number' ? Math.max(leastGainDb, Math.min(mostGainDb, lane.gain_db)) : 0,
    muted: lane.muted === true, solo: lane.solo === true,
  })
}
