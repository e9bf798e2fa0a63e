// SPDX-License-Identifier: GPL-3.0-or-later
// Band against riffle serve with a model that plays along, and how long a lane takes.
import { readFileSync } from 'node:fs'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import type { Capabilities, Job } from '../../../web/src/api/types'
import { decodeWav } from '../../../web/src/audio/wav'
import { waitForSound, waitUntil } from './listen'
import { song } from './scenes'
import { missing, openStudio, riffle, type Studio } from './studio'

const longMs = 400_000

describe.skipIf(missing || !riffle)('Band and riffle serve', { timeout: longMs + 60_000 }, () => {
  let studio: Studio
  let page: Page
  beforeAll(async () => {
    studio = await openStudio(riffle)
    page = await studio.open('#/band', { viewport: { width: 1200, height: 900 } })
    page.setDefaultTimeout(longMs)
  }, longMs)
  afterAll(() => studio?.close())

  const get = async <T>(path: string) => (await (await fetch(studio.url + path)).json()) as T
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true })
  const lane = (name: string) => page.getByRole('region', { name: `Lane ${name}`, exact: true })
  const newestJob = async () => (await get<{ jobs: Job[] }>('/api/v1/jobs?limit=1')).jobs[0]!
  const bring = async (file: ReturnType<typeof song>) => {
    await page.locator('.lanes').getByLabel('Sound file').setInputFiles(file)
    await lane(file.name.replace('.wav', '')).waitFor()
  }
  const startOver = async () => {
    if (await button('Start over').isEnabled({ timeout: 500 }).catch(() => false)) await button('Start over').click()
  }
  // Seconds until the lane is there and sounds alone.
  const add = async (wish: string) => {
    const begin = Date.now()
    await page.getByRole('form', { name: 'Add a lane' }).getByLabel('Prompt', { exact: true }).fill(wish)
    await button('Add the lane').click()
    await button(`Change ${wish}`).waitFor()
    await button(`Solo ${wish}`).click()
    await button('Play').click()
    await waitForSound(page, 'band')
    const seconds = (Date.now() - begin) / 1000
    await button('Pause').click()
    await button(`Solo ${wish}`).click()
    return seconds
  }

  it('has a model that plays along', async () => {
    const { band_model, pipelines } = await get<Capabilities>('/api/v1/capabilities')
    expect(band_model?.hears_context).toBe(true)
    expect(pipelines.find(({ name }) => name === 'accompany')).toMatchObject({ kind: 'band', available: true })
  })

  it.each([10, 30])('adds a lane to %i s of music, exactly as long', async (seconds) => {
    await startOver()
    await bring(song(seconds, `loop of ${seconds}.wav`))
    const first = await add('slap bass')
    const job = await newestJob()
    expect(job).toMatchObject({ pipeline: 'accompany', request: { prompt: 'slap bass', context: expect.stringMatching(/^clip_/) } })
    expect(job.clips[0]).toMatchObject({ frames: seconds * 44100, part: { role: 'stem' } })
    const second = await add('warm pad') // hears a mix that the browser made
    expect((await newestJob()).request.context).toMatch(/^up_/)
    console.log(`${seconds} s of music: ${first.toFixed(1)} s from "Add the lane" until it sounds, ${second.toFixed(1)} s for the next one`)
  })

  it('varies a lane, makes a part anew, and goes on after a reload', async () => {
    await startOver()
    await bring(song(6, 'short.wav'))
    await add('slap bass')
    const original = (await newestJob()).clips[0]!
    await button('Change slap bass').click()
    await button('Part of it').click()
    await page.getByLabel('From, s').fill('2')
    await page.getByLabel('From, s').blur()
    await page.getByLabel('To, s').fill('3.5')
    await page.getByLabel('To, s').blur()
    await button('Make this part anew').click()
    await button('Take 2').waitFor()
    const part = await newestJob()
    expect(part).toMatchObject({ pipeline: 'inpaint-stem', request: { file: original.id, context: expect.stringMatching(/^clip_/) } })
    const sounds = await Promise.all([original, part.clips[0]!].map(async ({ audio_url }) => decodeWav(await (await fetch(studio.url + audio_url)).arrayBuffer())))
    const [before, after] = sounds.map(({ channels }) => channels[0]!)
    expect(after!.length).toBe(before!.length)
    expect(after!.slice(0, 80_000)).toEqual(before!.slice(0, 80_000)) // until 1.8 s it is the same, sample for sample
    expect(after!.slice(100_000, 150_000)).not.toEqual(before!.slice(100_000, 150_000))
    await button('Vary').click()
    await button('Vary it').click()
    await page.getByText(/step \d+ of \d+/).waitFor()
    await page.reload()
    await lane('slap bass').getByRole('button', { name: 'Take 3' }).waitFor()
    expect((await newestJob()).pipeline).toBe('vary-stem')
  })

  it('cancels within a step', async () => {
    await page.getByRole('form', { name: 'Add a lane' }).getByText('Finer settings').click()
    await page.getByRole('form', { name: 'Add a lane' }).getByLabel('Steps').fill('1000')
    await page.getByRole('form', { name: 'Add a lane' }).getByLabel('Stereo').fill('0') // a second channel has steps of its own
    await page.getByRole('form', { name: 'Add a lane' }).getByLabel('Prompt', { exact: true }).fill('never heard')
    await button('Add the lane').click()
    await lane('never heard').getByText(/step \d+ of 1000/).waitFor()
    const begin = Date.now()
    await lane('never heard').getByRole('button', { name: 'Cancel' }).click()
    await lane('never heard').getByText('Cancelled.').waitFor()
    await waitUntil(async () => (await newestJob()).state === 'cancelled', 'its end', longMs)
    console.log(`cancelled after ${((Date.now() - begin) / 1000).toFixed(1)} s`)
    await button('Put what did not succeed away').click()
    await page.getByRole('form', { name: 'Add a lane' }).getByLabel('Steps').fill('')
    await page.getByRole('form', { name: 'Add a lane' }).getByLabel('Stereo').fill('')
  })

  it('composes a mix, and exports its stems, which add up to it', async () => {
    await startOver()
    await button('A whole mix').click()
    await button('Leave pad out').click()
    await page.getByLabel('Seconds', { exact: true }).last().fill('6')
    await button('Compose 2 lanes').click()
    for (const name of ['drums', 'bass']) await button(`Change ${name}`).waitFor()
    const job = await newestJob()
    expect(job.clips.map(({ part }) => [part.role, part.name])).toEqual([['mix', ''], ['stem', 'drums'], ['stem', 'bass']])
    const [download] = await Promise.all([page.waitForEvent('download'), button('Export stems').click()])
    const files = unzipSync(readFileSync(await download.path()))
    const sounds = Object.entries(files).filter(([name]) => name.endsWith('.wav')).sort(([a], [b]) => a.localeCompare(b))
      .map(([, data]) => decodeWav(data.slice().buffer).channels[0]!)
    expect(sounds.map(({ length }) => length)).toEqual([6 * 44100, 6 * 44100, 6 * 44100])
    // The server's own mix is the sum of its stems as well; 24 bits round three times.
    const own = decodeWav(await (await fetch(studio.url + job.clips[0]!.audio_url)).arrayBuffer()).channels[0]!
    for (let i = 0; i < own.length; i += 997) expect(Math.abs(sounds[0]![i]! - own[i]!)).toBeLessThan(1e-5)
  })

  it('complains of nothing on the console', () => {
    expect(studio.errors).toEqual([])
  })
})
