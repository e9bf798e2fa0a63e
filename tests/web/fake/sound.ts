// SPDX-License-Identifier: GPL-3.0-or-later
// Sounds and pictures of the fake server: chords that depend on the prompt and go on across segments,
// so that a tap at the loudspeakers finds every joint that is not exact.
import { greyPng } from './png'

export function hash(text: string): number {
  let value = 2166136261
  for (const letter of text) value = Math.imul(value ^ letter.codePointAt(0)!, 16777619)
  return value >>> 0
}

// The tone of a prompt, by sample. Never silent for longer than a few samples: a steady one lies under the
// notes.
export function toneOf(prompt: string, sampleRate: number): (sample: number) => number {
  const seed = hash(prompt)
  const root = 110 * 2 ** ((seed % 12) / 12)
  const notes = [0, 3, 7, 12, 10, 7, 3, 5].map((step) => 2 * root * 2 ** (step / 12))
  return (sample) => {
    const t = sample / sampleRate
    const note = notes[(Math.floor(t * 4) + seed) % 8]!
    const decay = Math.exp(-((t * 4) % 1) * 3)
    return 0.25 * Math.sin(2 * Math.PI * root * t) + 0.2 * decay * Math.sin(2 * Math.PI * note * t)
  }
}

export function render(prompt: string, from: number, samples: number, sampleRate: number): Float32Array {
  const values = new Float32Array(samples)
  const tone = toneOf(prompt, sampleRate)
  for (let i = 0; i < samples; i++) values[i] = tone(from + i)
  return values
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
  for (let i = 0, at = 44; i < values.length; i++, at += 3) {
    const level = Math.round(values[i]! * 0x7fffff)
    out[at] = level & 255
    out[at + 1] = (level >> 8) & 255
    out[at + 2] = (level >> 16) & 255
  }
  return out
}

// A spectrogram that looks like music: notes with overtones, drums on the beat; `done` from 0 (noise)
// to 1 (finished).
export function spectrogram(prompt: string, firstFrame: number, frames: number, done = 1): Buffer {
  const rows = 256
  const columns = Array.from({ length: frames }, (_, x) => column(hash(prompt), firstFrame + x, rows))
  return greyPng(frames, rows, (x, y) => {
    const loud = columns[x]![rows - 1 - y]!
    return 255 * (1 - Math.min(1, done === 1 ? loud : done * loud + (1 - done) * Math.random()))
  })
}

// How loud every row of a frame is, from the bottom.
function column(seed: number, frame: number, rows: number): Float32Array {
  const beat = 25
  const loud = new Float32Array(rows)
  const line = (at: number, width: number, peak: number) => {
    for (let row = Math.max(0, Math.ceil(at - width)); row <= at + width && row < rows; row++) {
      loud[row]! += peak * (1 - Math.abs(row - at) / width)
    }
  }
  line(22, 5, 0.75)
  const note = 60 + ((Math.floor(frame / beat) * 7 + seed) % 8) * 9
  for (let partial = 1; partial <= 5; partial++) {
    line(note + 40 * Math.log2(partial), 2.2, Math.exp(-(frame % beat) / 30) * 0.95 ** (partial * 3))
  }
  const hit = frame % (2 * beat)
  if (hit < 7) for (let row = 0; row < rows; row++) loud[row]! += 0.5 * Math.exp(-hit / 3) * (0.4 + 0.6 * Math.random())
  if (frame % (4 * beat) < 10) loud.fill(1, 0, 16)
  return loud
}
