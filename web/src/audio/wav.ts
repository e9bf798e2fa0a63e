// SPDX-License-Identifier: GPL-3.0-or-later
// Reads RIFF WAVE files sample for sample: integers of 16, 24 and 32 bits and 32-bit floats.

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
