// SPDX-License-Identifier: GPL-3.0-or-later
// Ears for the tests: what comes out of the studio, measured in the page.
import type { Page } from 'playwright-core'

export type Player = 'jam' | 'deck' | 'stream' | 'band'
type Speakers = Record<Player, { context: AudioContext; input: GainNode; meter: AnalyserNode }>
declare global {
  var riffleSpeakers: Speakers
  var heard: Float32Array[]
}

// Root of the mean square at the AnalyserNode before the loudspeakers.
export function level(page: Page, player: Player): Promise<number> {
  return page.evaluate((name) => {
    const meter = globalThis.riffleSpeakers?.[name]?.meter
    if (!meter) return 0
    const values = new Float32Array(meter.fftSize)
    meter.getFloatTimeDomainData(values)
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
  }, player)
}

// How loud a tone is in what is heard, 0 to 1 (Goertzel, with a Hann window).
export function toneLevel(page: Page, player: Player, hz: number): Promise<number> {
  return page.evaluate(([name, frequency]) => {
    const { meter, context } = globalThis.riffleSpeakers[name as Player]
    const values = new Float32Array(meter.fftSize)
    meter.getFloatTimeDomainData(values)
    let [real, imaginary] = [0, 0]
    values.forEach((value, i) => {
      const angle = (2 * Math.PI * Number(frequency) * i) / context.sampleRate
      const windowed = value * (1 - Math.cos((2 * Math.PI * i) / values.length))
      real += windowed * Math.cos(angle)
      imaginary += windowed * Math.sin(angle)
    })
    return (2 * Math.hypot(real, imaginary)) / values.length
  }, [player, hz] as const)
}

export async function waitForSound(page: Page, player: Player): Promise<void> {
  await waitUntil(async () => (await level(page, player)) > 0.01, `sound of the ${player}`)
}

export async function waitUntil(met: () => Promise<boolean> | boolean, what: string, forMs = 20_000): Promise<void> {
  const end = Date.now() + forMs
  while (!(await met())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
}

// Milliseconds from the opening of the page to the first sound at the loudspeakers.
export function timeOfFirstSound(page: Page, player: Player): Promise<number> {
  return page.evaluate((name) => new Promise<number>((resolve) => {
    const look = () => {
      const meter = globalThis.riffleSpeakers?.[name]?.meter
      const values = new Float32Array(meter?.fftSize ?? 0)
      meter?.getFloatTimeDomainData(values)
      if (values.some((value) => Math.abs(value) > 0.001)) resolve(performance.now())
      else setTimeout(look, 10)
    }
    look()
  }), player)
}

// Of what tap() kept.
export function heardSeconds(page: Page): Promise<number> {
  return page.evaluate(() => globalThis.heard.length * (globalThis.heard[0]?.length ?? 0) / globalThis.riffleSpeakers.jam.context.sampleRate)
}

// The most samples one after the other that are zero.
export function longestSilence(page: Page): Promise<number> {
  return page.evaluate(() => {
    let [silence, longest] = [0, 0]
    for (const block of globalThis.heard) {
      for (const value of block) {
        silence = value === 0 ? silence + 1 : 0
        longest = Math.max(longest, silence)
      }
    }
    return longest
  })
}

// From now on every sample of the jam is kept. An AudioWorklet runs on the audio thread: it misses none.
export async function tap(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const source = `registerProcessor('tap', class extends AudioWorkletProcessor {
      process([input]) { if (input[0]) this.port.postMessage(input[0].slice()); return true }
    })`
    const { context, input } = globalThis.riffleSpeakers.jam
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })))
    const node = new AudioWorkletNode(context, 'tap')
    globalThis.heard = []
    node.port.onmessage = ({ data }) => globalThis.heard.push(data as Float32Array)
    input.connect(node).connect(context.destination)
  })
}

export async function tapped(page: Page): Promise<Float32Array> {
  const text = await page.evaluate(() => globalThis.heard
    .map((block) => String.fromCharCode(...new Uint8Array(block.buffer))).map(btoa).join(' '))
  const blocks = text.split(' ').map((block) => Buffer.from(block, 'base64'))
  const all = Buffer.concat(blocks)
  return new Float32Array(all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength) as ArrayBuffer)
}
