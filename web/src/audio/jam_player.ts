// SPDX-License-Identifier: GPL-3.0-or-later
// Plays the segments of a jam one after the other, sample for sample. Segments are put on the audio
// clock as soon as they arrive; where the next one is late, the last bar is played again, so the music
// goes on in time. Knows no DOM: it is given an Output and told to tick().
import type { Output, Voice } from './output'

export interface Placed {
  index: number
  revision: number
  start_sample: number
  samples: number
  sample_rate: number
  beats: number
  made_s: number
}

// A stretch of sound on the audio clock.
export interface Stretch {
  index: number
  revision: number
  repeat: boolean // the last bar again, because the next segment is late
  at: number // sample of the audio clock
  from: number // sample of the jam's timeline
  samples: number
  voice: Voice
  begun: boolean
}

export interface Position {
  index: number
  repeat: boolean
  sample: number // on the jam's timeline
}

export interface PlayerOptions {
  beatsPerBar?: number
  leadS?: number // between deciding and sounding, where nothing plays yet
  holdS?: number // so long before silence the last bar is repeated
  onBegin?: (stretch: Stretch) => void
}

interface Ready {
  segment: Placed
  channels: Float32Array<ArrayBuffer>[]
}

const declickSamples = 256
const keptBehind = 2 // segments whose sound is kept after they were played

export class JamPlayer {
  readonly stretches: Stretch[] = []
  beatsPerBar: number
  holdS: number
  hold = true // false: where nothing follows, it ends
  repeats = 0 // how often the next segment was late
  private ready = new Map<number, Ready>()
  private next: number | null = null
  private last: Ready | null = null
  private readonly leadS: number
  private readonly onBegin: (stretch: Stretch) => void

  constructor(private readonly output: Output, options: PlayerOptions = {}) {
    this.beatsPerBar = options.beatsPerBar ?? 4
    this.leadS = options.leadS ?? 0.06
    this.holdS = options.holdS ?? 0.3
    this.onBegin = options.onBegin ?? (() => {})
  }

  // Begins with that segment, or with the first that is there from it on.
  start(index: number): void {
    this.next = index
    this.pump()
  }

  get started(): boolean {
    return this.next !== null
  }

  has(index: number, revision: number): boolean {
    return this.ready.get(index)?.segment.revision === revision
  }

  // Throws Error where the sound is not as long as the segment says.
  add(segment: Placed, channels: Float32Array<ArrayBuffer>[]): void {
    const got = channels[0]?.length ?? 0
    if (got !== segment.samples) {
      throw new Error(`segment ${segment.index}: expected ${segment.samples} samples, got ${got}`)
    }
    if (this.next !== null && segment.index < this.next) return
    this.ready.set(segment.index, { segment, channels })
    this.pump()
  }

  // Segments from that one on are void; what has begun to sound is played to its end.
  discard(from: number): void {
    const now = this.output.now()
    for (let i = this.stretches.length - 1; i >= 0; i--) {
      const stretch = this.stretches[i]!
      if (stretch.index < from || stretch.at <= now) break
      stretch.voice.stop()
      this.stretches.splice(i, 1)
    }
    for (const index of this.ready.keys()) if (index >= from) this.ready.delete(index)
    if (this.next !== null) {
      const newest = this.stretches.at(-1)
      this.next = Math.min(this.next, Math.max(from, newest ? newest.index + 1 : from))
      this.last = newest ? this.keptOf(newest) : null
    }
  }

  // The first segment that a change can still reach: late enough that it can be made again before its
  // turn. Null: only segments that are not made yet.
  firstChangeable(madeS: number): number | null {
    const earliest = this.output.now() + (madeS * 1.15 + 0.3) * this.output.sampleRate
    for (const stretch of this.stretches) {
      if (!stretch.repeat && !stretch.begun && stretch.at >= earliest) return stretch.index
    }
    return null
  }

  // Seconds of music on the clock that have not sounded yet.
  aheadS(): number {
    const end = this.end()
    return end === null ? 0 : Math.max(0, (end - this.output.now()) / this.output.sampleRate)
  }

  // What is heard at a moment of the audio clock; null before the first segment and in silence.
  position(clock = this.output.now()): Position | null {
    for (let i = this.stretches.length - 1; i >= 0; i--) {
      const stretch = this.stretches[i]!
      if (clock < stretch.at) continue
      const into = Math.min(clock - stretch.at, stretch.samples)
      return { index: stretch.index, repeat: stretch.repeat, sample: stretch.from + into }
    }
    return null
  }

  // To be called some twenty times a second.
  tick(): void {
    const now = this.output.now()
    for (const stretch of this.stretches) {
      if (stretch.begun || stretch.at > now) continue
      stretch.begun = true
      this.onBegin(stretch)
    }
    while (this.stretches.length > 8 && this.endOf(this.stretches[1]!) < now) this.stretches.shift()
    this.pump()
    const end = this.end()
    if (this.hold && this.last && end !== null && end - now < this.holdS * this.output.sampleRate) this.repeatLast(end, now)
  }

  stop(): void {
    for (const stretch of this.stretches) stretch.voice.stop()
    this.stretches.length = 0
    this.ready.clear()
    this.next = null
    this.last = null
  }

  private pump(): void {
    if (this.next === null) return
    if (!this.ready.has(this.next) && this.stretches.length === 0) this.skipToOldest()
    for (let entry = this.ready.get(this.next); entry; entry = this.ready.get(this.next)) {
      this.place(entry)
      this.next += 1
    }
    const oldest = this.next - keptBehind
    for (const index of this.ready.keys()) if (index < oldest) this.ready.delete(index)
  }

  private skipToOldest(): void {
    const later = [...this.ready.keys()].filter((index) => index >= this.next!)
    if (later.length > 0) this.next = Math.min(...later)
  }

  private place(entry: Ready): void {
    const earliest = this.output.now() + Math.round(this.leadS * this.output.sampleRate)
    const end = this.end()
    const at = end !== null && end >= this.output.now() ? end : earliest
    const { index, revision, start_sample: from, samples } = entry.segment
    const voice = this.output.play(entry.channels, at)
    this.stretches.push({ index, revision, repeat: false, at, from, samples, voice, begun: false })
    this.last = entry
  }

  private repeatLast(end: number, now: number): void {
    const { segment, channels } = this.last!
    const samples = this.barOf(segment)
    const skipped = segment.samples - samples
    const late = end < now
    const at = late ? now + Math.round(this.leadS * this.output.sampleRate) : end
    const sound = channels.map((values) => joined(values.slice(skipped), late ? 0 : values.at(-1)!))
    this.stretches.push({
      index: segment.index, revision: segment.revision, repeat: true, at,
      from: segment.start_sample + skipped, samples, voice: this.output.play(sound, at), begun: false,
    })
    this.repeats += 1
  }

  // Length of the bar that is repeated; the whole segment where its bars are not known.
  private barOf(segment: Placed): number {
    const bars = segment.beats / this.beatsPerBar
    return bars >= 1 && Number.isInteger(bars) ? Math.round(segment.samples / bars) : segment.samples
  }

  private keptOf(stretch: Stretch): Ready | null {
    return this.ready.get(stretch.index) ?? (this.last?.segment.index === stretch.index ? this.last : null)
  }

  private end(): number | null {
    const newest = this.stretches.at(-1)
    return newest ? this.endOf(newest) : null
  }

  private endOf(stretch: Stretch): number {
    return stretch.at + stretch.samples
  }
}

// Lets a sound set in where the one before it stopped: the step between them decays instead of clicking.
export function joined(values: Float32Array<ArrayBuffer>, before: number): Float32Array<ArrayBuffer> {
  const step = before - (values[0] ?? 0)
  const count = Math.min(declickSamples, values.length)
  for (let i = 0; i < count; i++) values[i]! += step * (1 - i / count) ** 2
  return values
}
