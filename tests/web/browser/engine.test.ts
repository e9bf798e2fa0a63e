// SPDX-License-Identifier: GPL-3.0-or-later
// A minute of jam through Chromium's own audio graph, segments arriving while it plays: every sample that
// comes out is the sample that went in, so no joint has a gap, an overlap or a click.
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from 'vite'
import { missing, openStudio, type Studio } from './studio'

interface Outcome {
  wrong: number
  firstWrong: number
  compared: number
  repeats: number
  longestSilence: number
}

async function engine(): Promise<string> {
  const source = resolve(__dirname, '../../../web/src/audio')
  const result = await build({
    configFile: false, logLevel: 'silent',
    build: { write: false, lib: { entry: `${source}/engine.ts`, formats: ['iife'], name: 'engine' } },
  })
  const [output] = Array.isArray(result) ? result : [result]
  if (!('output' in output!)) throw new Error('nothing was built')
  return output.output[0].code
}

// Runs in the page: segments of `samples` arrive `ahead` of their turn, number `late` a second too late.
async function render(settings: { segments: number; samples: number; late: number | null }): Promise<Outcome> {
  const { JamPlayer, WebOutput } = (globalThis as never as { engine: typeof import('../../../web/src/audio/engine') }).engine
  const { segments, samples, late } = settings
  const rate = 44100
  const total = segments * samples
  const context = new OfflineAudioContext(1, total + 3 * rate, rate)
  const player = new JamPlayer(new WebOutput(context))
  const value = (sample: number) => ((sample * 7919) % 32749) / 32749 + 0.001 // never silent, no two neighbours alike
  const arrive = (index: number) => {
    const sound = Float32Array.from({ length: samples }, (_, i) => value(index * samples + i))
    player.add({ index, revision: 0, start_sample: index * samples, samples, sample_rate: rate, beats: 8, made_s: 1 }, [sound])
  }
  arrive(0)
  player.start(0)
  const first = player.stretches[0]!.at
  let next = 1
  const quantum = 128
  for (let at = quantum * 12; at < context.length - quantum; at += quantum * 12) {
    void context.suspend(at / rate).then(() => {
      const due = (next - 0.4) * samples + first + (next === late ? rate : 0)
      if (next < segments && at >= due) arrive(next++)
      if (next >= segments) player.hold = false
      player.tick()
      void context.resume()
    })
  }
  const heard = (await context.startRendering()).getChannelData(0)
  let [wrong, firstWrong, silence, longestSilence] = [0, -1, 0, 0]
  for (let i = 0; i < total; i++) {
    const sample = heard[first + i]!
    silence = sample === 0 ? silence + 1 : 0
    longestSilence = Math.max(longestSilence, silence)
    if (sample === Math.fround(value(i))) continue
    wrong += 1
    if (firstWrong < 0) firstWrong = i
  }
  return { wrong, firstWrong, compared: total, repeats: player.repeats, longestSilence }
}

describe.skipIf(missing)('the jam player in a browser', () => {
  let studio: Studio
  let code = ''
  beforeAll(async () => {
    studio = await openStudio()
    code = await engine()
  })
  afterAll(() => studio.close())

  it('plays a minute of segments sample for sample', async () => {
    const page = await studio.open()
    await page.addScriptTag({ content: code })
    const outcome = await page.evaluate(render, { segments: 12, samples: 225_162, late: null })
    expect(outcome).toEqual({ wrong: 0, firstWrong: -1, compared: 12 * 225_162, repeats: 0, longestSilence: 0 })
  })

  it('is never silent where a segment is late', async () => {
    const page = await studio.open()
    await page.addScriptTag({ content: code })
    const outcome = await page.evaluate(render, { segments: 6, samples: 44_100, late: 3 })
    expect(outcome.repeats).toBeGreaterThan(0)
    expect(outcome.firstWrong).toBe(3 * 44_100)
    expect(outcome.longestSilence).toBe(0)
  })
})
