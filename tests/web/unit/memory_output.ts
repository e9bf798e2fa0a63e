// SPDX-License-Identifier: GPL-3.0-or-later
// An audio device in memory: its clock is moved by hand, and it records what would have sounded.
import type { Output, Voice } from '../../../web/src/audio/output'

export class MemoryOutput implements Output {
  private clock = 0
  private voices: { at: number; values: Float32Array; stopped: number | null }[] = []

  constructor(readonly sampleRate = 1000) {}

  now(): number {
    return this.clock
  }

  advance(samples: number): void {
    this.clock += samples
  }

  play(channels: Float32Array<ArrayBuffer>[], atSample: number): Voice {
    if (!Number.isInteger(atSample)) throw new Error(`not a whole sample: ${atSample}`)
    if (atSample < this.clock) throw new Error(`too late: ${atSample}, now ${this.clock}`)
    const voice = { at: atSample, values: channels[0]!.slice(), stopped: null as number | null }
    this.voices.push(voice)
    return { stop: () => (voice.stopped = this.clock) }
  }

  // All that sounds, added up.
  heard(samples: number): Float32Array {
    const sum = new Float32Array(samples)
    for (const voice of this.voices) {
      const end = Math.min(voice.at + voice.values.length, voice.stopped ?? Infinity, samples)
      for (let i = voice.at; i < end; i++) sum[i]! += voice.values[i - voice.at]!
    }
    return sum
  }
}
