// SPDX-License-Identifier: GPL-3.0-or-later
// Reads and writes RIFF WAVE files sample for sample: integers of 16, 24 and 32 bits and 32-bit floats; written
// are 24 bits and floats.

export interface Sound {
  sampleRate: number
  channels: Float32Array<ArrayBuffer>[]
}

const formatPcm = 1
const formatFloat = 3
const formatExtensible = 0xfffe

interface Format {
  tag: number
  channels: number
  sampleRate: number
  bits: number
}

function readFormat(view: DataView, at: number, size: number): Format {
  let tag = view.getUint16(at, true)
  if (tag === formatExtensible && size >= 40) tag = view.getUint16(at + 24, true)
  return {
    tag,
    channels: view.getUint16(at + 2, true),
    sampleRate: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  }
}

function sampleReader(view: DataView, format: Format): (at: number) => number {
  if (format.tag === formatFloat && format.bits === 32) return (at) => view.getFloat32(at, true)
  if (format.tag === formatPcm && format.bits === 16) return (at) => view.getInt16(at, true) / 0x8000
  if (format.tag === formatPcm && format.bits === 24) {
    return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 0x10000) / 0x800000
  }
  if (format.tag === formatPcm && format.bits === 32) return (at) => view.getInt32(at, true) / 0x80000000
  throw new Error(`WAV file: expected 16, 24 or 32 bits, got format ${format.tag} with ${format.bits}`)
}

function samplesOf(view: DataView, format: Format, start: number, bytes: number): Sound {
  const width = format.bits / 8
  const stride = width * format.channels
  const frames = Math.floor(Math.min(bytes, view.byteLength - start) / stride)
  const read = sampleReader(view, format)
  const channels = Array.from({ length: format.channels }, (_, channel) => {
    const values = new Float32Array(frames)
    for (let i = 0, at = start + channel * width; i < frames; i++, at += stride) values[i] = read(at)
    return values
  })
  return { sampleRate: format.sampleRate, channels }
}

// Throws Error for what is no WAV file.
export function decodeWav(data: ArrayBuffer): Sound {
  const view = new DataView(data)
  const word = (at: number) => String.fromCharCode(...new Uint8Array(data, at, 4))
  if (data.byteLength < 12 || word(0) !== 'RIFF' || word(8) !== 'WAVE') {
    throw new Error('expected a WAV file, got something else')
  }
  let format: Format | null = null
  for (let at = 12; at + 8 <= data.byteLength; ) {
    const size = view.getUint32(at + 4, true)
    const whole = size >= 16 && at + 8 + size <= data.byteLength
    if (word(at) === 'fmt ' && whole) format = readFormat(view, at + 8, size)
    if (word(at) === 'data' && format) return samplesOf(view, format, at + 8, size)
    at += 8 + size + (size & 1)
  }
  throw new Error('WAV file without samples')
}

function header(view: DataView, { sampleRate, channels }: Sound, bytes: number, bits: 24 | 32): void {
  const word = (at: number, text: string) => [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)))
  const stride = channels.length * (bits / 8)
  word(0, 'RIFF')
  view.setUint32(4, view.byteLength - 8, true)
  word(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, bits === 32 ? formatFloat : formatPcm, true)
  view.setUint16(22, channels.length, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * stride, true)
  view.setUint16(32, stride, true)
  view.setUint16(34, bits, true)
  word(36, 'data')
  view.setUint32(40, bytes, true)
}

// 24 bits hold -1 to 1, what is beyond is cut off; 32 bits (floats) hold everything.
export function encodeWav(sound: Sound, bits: 24 | 32): Uint8Array<ArrayBuffer> {
  const { channels } = sound
  const frames = channels[0]?.length ?? 0
  const bytes = frames * channels.length * (bits / 8)
  const data = new Uint8Array(44 + bytes + (bytes & 1))
  const view = new DataView(data.buffer)
  header(view, sound, bytes, bits)
  let at = 44
  for (let frame = 0; frame < frames; frame++) {
    for (const values of channels) {
      const value = values[frame]!
      if (bits === 32) view.setFloat32(at, value, true)
      else {
        const level = Math.round(Math.max(-1, Math.min(0x7fffff / 0x800000, value)) * 0x800000)
        view.setUint16(at, level & 0xffff, true)
        view.setInt8(at + 2, level >> 16)
      }
      at += bits / 8
    }
  }
  return data
}
