// SPDX-License-Identifier: GPL-3.0-or-later
// Sums sounds into one, as they are heard together: from the same start, each with its gain.
import type { Sound } from './wav'

export interface Part {
  channels: Float32Array[]
  gain: number // a factor
}

export function factorOf(gainDb: number): number {
  return 10 ** (gainDb / 20)
}

// Exactly so many frames: parts that are shorter are silent after their end. Stereo where one part is; mono
// parts are in the middle then.
export function mixdown(parts: Part[], frames: number, sampleRate: number): Sound {
  const count = parts.some(({ channels }) => channels.length > 1) ? 2 : 1
  const channels = Array.from({ length: count }, () => new Float32Array(frames))
  for (const part of parts) {
    channels.forEach((sum, channel) => {
      const values = part.channels[Math.min(channel, part.channels.length - 1)]
      if (!values) return
      const length = Math.min(frames, values.length)
      for (let i = 0; i < length; i++) sum[i]! += part.gain * values[i]!
    })
  }
  return { sampleRate, channels }
}

export function peakOf(channels: readonly Float32Array[]): number {
  let peak = 0
  for (const values of channels) for (const value of values) peak = Math.max(peak, Math.abs(value))
  return peak
}
