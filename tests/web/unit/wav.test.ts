// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { decodeWav } from '../../../web/src/audio/wav'
import { wav } from '../fake/sound'

function buffer(data: Buffer): ArrayBuffer {
  return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer
}

// A file of one format with its samples as bytes; an odd chunk before them must be skipped.
function file(tag: number, bits: number, channels: number, samples: Buffer): ArrayBuffer {
  const format = Buffer.alloc(16)
  format.writeUInt16LE(tag, 0)
  format.writeUInt16LE(channels, 2)
  format.writeUInt32LE(48000, 4)
  format.writeUInt16LE(bits, 14)
  const chunk = (name: string, data: Buffer) => {
    const head = Buffer.alloc(8)
    head.write(name, 'latin1')
    head.writeUInt32LE(data.length, 4)
    return Buffer.concat([head, data, Buffer.alloc(data.length & 1)])
  }
  const body = Buffer.concat([Buffer.from('WAVE'), chunk('LIST', Buffer.from('abc')), chunk('fmt ', format), chunk('data', samples)])
  const head = Buffer.alloc(8)
  head.write('RIFF', 'latin1')
  head.writeUInt32LE(body.length, 4)
  return buffer(Buffer.concat([head, body]))
}

describe('decodeWav', () => {
  it('reads 24 bits exactly', () => {
    const values = Float32Array.from([0, 0.5, -0.5, -1, 8388607 / 8388608])
    const sound = decodeWav(file(1, 24, 1, Buffer.from([0, 0, 0, 0, 0, 0x40, 0, 0, 0xc0, 0, 0, 0x80, 0xff, 0xff, 0x7f])))
    expect(sound.channels[0]).toEqual(values)
    expect(sound.sampleRate).toBe(48000)
  })

  it('reads 16 bits with two channels, and floats', () => {
    const pcm = decodeWav(file(1, 16, 2, Buffer.from(Int16Array.from([16384, -16384, 0, 32767]).buffer)))
    expect(pcm.channels.map((channel) => [...channel])).toEqual([[0.5, 0], [-0.5, 32767 / 32768]])
    const floats = decodeWav(file(3, 32, 1, Buffer.from(Float32Array.from([0.25, -2]).buffer)))
    expect([...floats.channels[0]!]).toEqual([0.25, -2])
  })

  it('keeps the length of what the fake server writes', () => {
    expect(decodeWav(buffer(wav(new Float32Array(12345), 44100))).channels[0]!.length).toBe(12345)
  })

  it('says what is wrong with other files', () => {
    expect(() => decodeWav(buffer(Buffer.from('<html>not found</html>')))).toThrow('expected a WAV file')
    expect(() => decodeWav(file(6, 8, 1, Buffer.alloc(4)))).toThrow('got format 6 with 8')
    expect(() => decodeWav(file(1, 16, 1, Buffer.alloc(0)).slice(0, 40))).toThrow('without samples')
  })
})
