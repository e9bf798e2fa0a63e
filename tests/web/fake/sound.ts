// SPDX-License-Identifier: GPL-3.0-or-later
// Sounds and pictures of the fake server: chords that depend on the prompt and go on across segments,
// so that a tap at the loudspeakers finds every joint that is not exact.
import { greyPng } from './png'

export function hash(text: string): number {
  let value = 2166136261
  for (const letter of text) value = Math.imul(value ^ letter.codePointAt(0)!, 16777619)
  return value >>> 0
}

// Never silent for longer than a few samples: a steady tone lies under the notes.
export function tone(prompt: string, sample: number, sampleRate: number): number {
  const t = sample / sampleRate
  const root = 110 * 2 ** ((hash(prompt) % 12) / 12)
  const step = Math.floor(t * 4)
  const note = root * 2 ** ([0, 3, 7, 12, 10, 7, 3, 5][(step + hash(prompt)) % 8]! / 12)
  const decay = Math.exp(-((t * 4) % 1) * 3)
  return 0.25 * Math.sin(2 * Math.PI * root * t) + 0.2 * decay * Math.sin(2 * Math.PI * 2 * note * t)
}

export function render(prompt: string, from: number, samples: number, sampleRate: number): Float32Array {
  return Float32Array.from({ length: samples }, (_, i) => tone(prompt, from + i, sampleRate))
}

export function wav(values: Float32Array, sampleRate: number): Buffer {
  const out = Buffer.alloc(44 + values.length * 3)
  out.write('RIFF', 0, 'latin1')
  out.writeUInt32LE(out.length - 8, 4)
  out.write('WAVEfmt ', 8, 'latin1')
  out.writeUInt32LE(16, 16)
  out.writeUInt16LE(1, 20)
  out.writeUInt16LE(1, 22)
  out.writeUInt32LE(sampleRate, 24)
  out.writeUInt32LE(sampleRate * 3, 28)
  out.writeUInt16LE(3, 32)
  out.writeUInt16LE(24, 34)
  out.write('data', 36, 'latin1')
  out.writeUInt32LE(values.length * 3, 40)
  values.forEach((value, i) => out.writeIntLE(Math.round(value * 0x7fffff), 44 + i * 3, 3))
  return out
}

// A spectrogram that looks like music: notes with overtones, drums on the beat; `done` from 0 (noise)
// to 1 (finished).
export function spectrogram(prompt: string, firstFrame: number, frames: number, done = 1): Buffer {
  const rows = 256
  const seed = hash(prompt)
  const beat = 25
  const noteRow = (frame: number) => 60 + ((Math.floor(frame / beat) * 7 + seed) % 8) * 9
  return greyPng(frames, rows, (x, y) => {
    const frame = firstFrame + x
    const row = rows - 1 - y
    const into = frame % beat
    let loud = Math.max(0, 0.75 - Math.abs(row - 22) / 6)
    for (let partial = 1; partial <= 5; partial++) {
      const at = noteRow(frame) + 40 * Math.log2(partial)
      loud += Math.max(0, 1 - Math.abs(row - at) / 2.2) * Math.exp(-into / 30) * 0.95 ** (partial * 3)
    }
    if (frame % (2 * beat) < 7) loud += 0.5 * Math.exp(-(frame % (2 * beat)) / 3) * (0.4 + 0.6 * Math.random())
    if (row < 16 && frame % (4 * beat) < 10) loud += 0.8
    const noise = Math.random()
    return 255 * (1 - Math.min(1, done * loud + (1 - done) * noise))
  })
}
