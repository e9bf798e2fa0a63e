// SPDX-License-Identifier: GPL-3.0-or-later
import { strFromU8, unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { factorOf, mixdown, peakOf } from '../../../web/src/audio/mixdown'
import { decodeWav, encodeWav } from '../../../web/src/audio/wav'
import { stemName, zipStems, type Stem } from '../../../web/src/util/stems_zip'

const noise = (frames: number, seed: number) => Float32Array.from({ length: frames }, (_, i) => 0.4 * Math.sin(i * seed + seed))
const lsb = 1 / 0x800000

describe('encodeWav', () => {
  it('writes what decodeWav reads: floats exactly, 24 bits to half a step', () => {
    const channels = [noise(1001, 0.3), noise(1001, 0.7)]
    const floats = decodeWav(encodeWav({ sampleRate: 48000, channels }, 32).buffer)
    expect(floats).toEqual({ sampleRate: 48000, channels })
    const steps = decodeWav(encodeWav({ sampleRate: 44100, channels: [channels[0]!] }, 24).buffer)
    expect(steps.channels[0]!.length).toBe(1001)
    steps.channels[0]!.forEach((value, i) => expect(Math.abs(value - channels[0]![i]!)).toBeLessThanOrEqual(lsb / 2 + 1e-9))
  })

  it('cuts off at full scale with 24 bits, and keeps what is above it as floats', () => {
    const sound = { sampleRate: 44100, channels: [Float32Array.from([1.5, -1.5, 1, -1])] }
    expect([...decodeWav(encodeWav(sound, 24).buffer).channels[0]!]).toEqual([1 - lsb, -1, 1 - lsb, -1])
    expect([...decodeWav(encodeWav(sound, 32).buffer).channels[0]!]).toEqual([1.5, -1.5, 1, -1])
  })
})

describe('mixdown', () => {
  it('adds with gains from the same start, and is as long as it is told', () => {
    const parts = [{ channels: [Float32Array.from([1, 2, 3])], gain: 1 }, { channels: [Float32Array.from([10])], gain: 0.5 }]
    expect([...mixdown(parts, 4, 44100).channels[0]!]).toEqual([6, 2, 3, 0])
    expect(mixdown(parts, 2, 44100).channels[0]!.length).toBe(2)
  })

  it('is stereo where one part is; mono parts are in the middle', () => {
    const stereo = { channels: [Float32Array.from([1]), Float32Array.from([2])], gain: 1 }
    const mono = { channels: [Float32Array.from([4])], gain: factorOf(-6.0206) }
    const { channels } = mixdown([stereo, mono], 1, 44100)
    expect(channels.map((values) => Number(values[0]!.toFixed(4)))).toEqual([3, 4])
    expect(peakOf(channels)).toBeCloseTo(4, 4)
  })
})

describe('the zip of stems', () => {
  const stem = (name: string, channels: Float32Array[], more: Partial<Stem> = {}): Stem =>
    ({ name, wish: name, seed: 1, clip: `clip_${name}`, gain_db: 0, heard: true, channels, ...more })
  const open = async (stems: Stem[], frames: number, bpm: number | null) => {
    const files = unzipSync(new Uint8Array(await (await zipStems({ stems, frames, sampleRate: 44100, bpm })).arrayBuffer()))
    const sounds = Object.fromEntries(Object.entries(files).filter(([name]) => name.endsWith('.wav')).map(([name, data]) => [name, decodeWav(data.slice().buffer)]))
    return { sounds, about: JSON.parse(strFromU8(files['band.json']!)) as Record<string, unknown> & { stems: Record<string, unknown>[] } }
  }

  it('holds files of one length that add up to the mix, with the tempo in their names', async () => {
    const long = noise(3000, 0.2)
    const short = [noise(1700, 0.5), noise(1700, 0.9)]
    const stems = [stem('drums', [long], { gain_db: -6 }), stem('bass', short), stem('off', [noise(100, 2)], { heard: false })]
    const { sounds, about } = await open(stems, 3000, 112)
    expect(Object.keys(sounds).sort()).toEqual(['00 mix 112 bpm.wav', '01 drums 112 bpm.wav', '02 bass 112 bpm.wav', '03 off 112 bpm.wav'])
    for (const { channels, sampleRate } of Object.values(sounds)) expect([channels[0]!.length, sampleRate]).toEqual([3000, 44100])
    const [mix, drums, bass] = ['00 mix', '01 drums', '02 bass'].map((name) => sounds[`${name} 112 bpm.wav`]!.channels)
    for (let i = 0; i < 3000; i++) expect(Math.abs(mix![1]![i]! - drums![0]![i]! - bass![1]![i]!)).toBeLessThan(3 * lsb)
    expect(about).toMatchObject({ tempo_bpm: 112, frames: 3000, all_gain_db: 0, mix: '00 mix 112 bpm.wav' })
    expect(about.stems.map(({ file, in_mix }) => [file, in_mix])).toEqual([['01 drums 112 bpm.wav', true], ['02 bass 112 bpm.wav', true], ['03 off 112 bpm.wav', false]])
  })

  it('is softer as a whole where the mix would be above full scale', async () => {
    const loud = Float32Array.from([0.9, -0.9, 0.3])
    const { sounds, about } = await open([stem('a', [loud]), stem('b', [loud])], 3, null)
    const [mix, a] = [sounds['00 mix.wav']!.channels[0]!, sounds['01 a.wav']!.channels[0]!]
    expect(peakOf([mix])).toBeCloseTo(0.999, 3)
    expect(mix[2]! / a[2]!).toBeCloseTo(2, 3)
    expect(about.all_gain_db).toBeCloseTo(20 * Math.log10(0.999 / 1.8), 1)
  })

  it('has names that every system takes', () => {
    expect(stemName(0, 'a/b: "c"', 97.333333)).toBe('01 a b c 97.33 bpm.wav')
    expect(stemName(11, '', null)).toBe('12 riffle.wav')
  })
})
