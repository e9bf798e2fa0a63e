// SPDX-License-Identifier: GPL-3.0-or-later
// All stems and their mix as one zip of WAV files that begin together, are equally long, and add up.
import { strToU8, Zip, ZipPassThrough } from 'fflate'
import { factorOf, mixdown, peakOf } from '../audio/mixdown'
import { encodeWav } from '../audio/wav'
import { fileName } from './format'

export interface Stem {
  name: string
  wish: string
  seed: number | null
  clip: string
  gain_db: number
  heard: boolean // in the mix
  channels: Float32Array[]
}

export interface Export {
  stems: Stem[]
  frames: number
  sampleRate: number
  bpm: number | null
}

const fullScale = 0.999

// 01 drums 112 bpm.wav
export function stemName(place: number, name: string, bpm: number | null): string {
  const tempo = bpm === null ? '' : ` ${Number(bpm.toFixed(2))} bpm`
  return `${String(place + 1).padStart(2, '0')} ${fileName(name)}${tempo}.wav`
}

// Calls `file` with one file after the other, so that only one has to be in memory twice.
export function writeStems(band: Export, file: (name: string, data: Uint8Array) => void): void {
  const { stems, frames, sampleRate, bpm } = band
  const alone = stems.map((stem) => mixdown([{ channels: stem.channels, gain: factorOf(stem.gain_db) }], frames, sampleRate))
  const mix = mixdown(alone.filter((_, i) => stems[i]!.heard).map(({ channels }) => ({ channels, gain: 1 })), frames, sampleRate)
  // Softer as a whole where something is above full scale, so that stems go on adding up to the mix.
  const peak = Math.max(peakOf(mix.channels), ...alone.map(({ channels }) => peakOf(channels)))
  const gain = peak > fullScale ? fullScale / peak : 1
  const put = (name: string, channels: Float32Array[]) => file(name, encodeWav(mixdown([{ channels, gain }], frames, sampleRate), 24))
  const names = stems.map((stem, place) => stemName(place, stem.name, bpm))
  const mixName = stemName(-1, 'mix', bpm)
  alone.forEach(({ channels }, place) => put(names[place]!, channels))
  put(mixName, mix.channels)
  file('band.json', strToU8(JSON.stringify({
    made_by: 'Riffle', tempo_bpm: bpm, sample_rate: sampleRate, frames, seconds: frames / sampleRate,
    all_gain_db: Number((20 * Math.log10(gain)).toFixed(2)), mix: mixName,
    stems: stems.map(({ name, wish, seed, clip, gain_db, heard }, place) =>
      ({ file: names[place], name, prompt: wish, seed, clip, gain_db, in_mix: heard })),
  }, null, 2) + '\n'))
}

// Stored, not compressed: sound hardly becomes smaller.
export function zipStems(band: Export): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const parts: BlobPart[] = []
    const zip = new Zip((error, data, last) => {
      if (error) return reject(error)
      parts.push(data as Uint8Array<ArrayBuffer>)
      if (last) resolve(new Blob(parts, { type: 'application/zip' }))
    })
    writeStems(band, (name, data) => {
      const entry = new ZipPassThrough(name)
      zip.add(entry)
      entry.push(data, true)
    })
    zip.end()
  })
}
