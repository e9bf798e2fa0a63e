// SPDX-License-Identifier: GPL-3.0-or-later
// Band against riffle serve with a model that plays along, and how long a lane takes.
import { readFileSync } from 'node:fs'
import { unzipSync } from 'fflate'
import { expect, it } from 'vitest'
import type { Capabilities } from '../../../web/src/api/types'
import { decodeWav } from '../../../web/src/audio/wav'
import { waitForSound, waitUntil } from './listen'
import { describeServed, expectQuietConsole, isSameSound, longMs } from './real'
import { song } from './scenes'
import { withoutBand } from './studio'

describeServed('Band and riffle serve', '#/band', (at) => {
  const lane = (name: string) => at.page.getByRole('region', { name: `Lane ${name}`, exact: true })
  const bring = async (file: ReturnType<typeof song>) => {
    await at.page.locator('.lanes').getByLabel('Sound file').setInputFiles(file)
    await lane(file.name.replace('.wav', '')).waitFor()
  }
  const startOver = async () => {
    if (await at.button('Start over').isEnabled({ timeout: 500 }).catch(() => false)) await at.button('Start over').click()
  }
  // Seconds until the lane is there and sounds alone.
  const add = async (wish: string) => {
    const begin = Date.now()
    await at.page.getByRole('form', { name: 'Add a lane' }).getByLabel('Prompt', { exact: true }).fill(wish)
    await at.button('Add the lane').click()
    await at.button(`Change ${wish}`).waitFor()
    await at.button(`Solo ${wish}`).click()
    await at.button('Play').click()
    await waitForSound(at.page, 'band')
    const seconds = (Date.now() - begin) / 1000
    await at.button('Pause').click()
    await at.button(`Solo ${wish}`).click()
    return seconds
  }

  it('has a model that plays along', async () => {
    const { band_model, pipelines } = await at.get<Capabilities>('/api/v1/capabilities')
    expect(band_model?.hears_context).toBe(true)
    expect(pipelines.find(({ name }) => name === 'accompany')).toMatchObject({ kind: 'band', available: true })
  })

  it.each([10, 30])('adds a lane to %i s of music, exactly as long', async (seconds) => {
    await startOver()
    await bring(song(seconds, `loop of ${seconds}.wav`))
    const first = await add('slap bass')
    const job = await at.newestJob()
    expect(job).toMatchObject({ pipeline: 'accompany', request: { prompt: 'slap bass', context: expect.stringMatching(/^clip_/) } })
    expect(job.clips[0]).toMatchObject({ frames: seconds * 44100, part: { role: 'stem' } })
    const second = await add('warm pad') // hears a mix that the browser made
    expect((await at.newestJob()).request.context).toMatch(/^up_/)
    console.log(`${seconds} s of music: ${first.toFixed(1)} s from "Add the lane" until it sounds, ${second.toFixed(1)} s for the next one`)
  })

  it('varies a lane, makes a part anew, and goes on after a reload', async () => {
    await startOver()
    await bring(song(6, 'short.wav'))
    await add('slap bass')
    const original = (await at.newestJob()).clips[0]!
    await at.button('Change slap bass').click()
    await at.button('Part of it').click()
    await at.page.getByLabel('From, s').fill('2')
    await at.page.getByLabel('From, s').blur()
    await at.page.getByLabel('To, s').fill('3.5')
    await at.page.getByLabel('To, s').blur()
    await at.button('Make this part anew').click()
    await at.button('Take 2').waitFor()
    const part = await at.newestJob()
    expect(part).toMatchObject({ pipeline: 'inpaint-stem', request: { file: original.id, context: expect.stringMatching(/^clip_/) } })
    const sounds = await Promise.all([original, part.clips[0]!].map(at.sound))
    const [before, after] = sounds.map(({ channels }) => channels[0]!)
    expect(after!.length).toBe(before!.length)
    expect(isSameSound(after!.slice(0, 80_000), before!.slice(0, 80_000))).toBe(true) // until 1.8 s it is the same, sample for sample
    expect(isSameSound(after!.slice(100_000, 150_000), before!.slice(100_000, 150_000))).toBe(false)
    await at.button('Vary').click()
    await at.button('Vary it').click()
    await at.page.getByText(/step \d+ of \d+/).waitFor()
    await at.page.reload()
    await lane('slap bass').getByRole('button', { name: 'Take 3' }).waitFor()
    expect((await at.newestJob()).pipeline).toBe('vary-stem')
  })

  it('lets a lane go on exactly so long, and makes the way to how another one sounds', async () => {
    await startOver()
    await bring(song(4, 'loop.wav'))
    await add('slap bass')
    const original = (await at.newestJob()).clips[0]!
    await at.button('Change slap bass').click()
    await at.button('Go on').click()
    await lane('slap bass').getByLabel('Seconds', { exact: true }).fill('1.5')
    await at.button('Let it go on').click()
    await at.button('Take 2').waitFor()
    const longer = await at.newestJob()
    expect(longer).toMatchObject({ pipeline: 'extend-stem', request: { file: original.id, seconds: 1.5 } })
    const [before, after] = (await Promise.all([original, longer.clips[0]!].map(at.sound))).map(({ channels }) => channels[0]!)
    expect(after!.length).toBe(before!.length + 1.5 * 44100)
    expect(isSameSound(after!.slice(0, 4 * 44100), before!)).toBe(true)
    expect(Math.max(...after!.slice(4 * 44100).map(Math.abs))).toBeGreaterThan(0)
    await at.button('Between').click()
    await lane('slap bass').getByLabel('Prompt', { exact: true }).fill('warm pad')
    await lane('slap bass').getByText('Finer settings').click()
    await lane('slap bass').getByLabel('Steps', { exact: true }).fill('3')
    await at.button('Make the way').click()
    await at.button('Take 5').waitFor()
    const way = await at.newestJob()
    expect(way).toMatchObject({ pipeline: 'interpolate', request: { from: longer.clips[0]!.id, prompt: 'warm pad', steps: 3 } })
    const sounds = await Promise.all(way.clips.map(at.sound))
    expect(sounds).toHaveLength(3)
    expect(isSameSound(sounds[0]!.channels[0]!, sounds[2]!.channels[0]!)).toBe(false)
  })

  it('cancels within a step', async () => {
    await at.page.getByRole('form', { name: 'Add a lane' }).getByText('Finer settings').click()
    await at.page.getByRole('form', { name: 'Add a lane' }).getByLabel('Steps').fill('1000')
    await at.page.getByRole('form', { name: 'Add a lane' }).getByLabel('Stereo').fill('0') // a second channel has steps of its own
    await at.page.getByRole('form', { name: 'Add a lane' }).getByLabel('Prompt', { exact: true }).fill('never heard')
    await at.button('Add the lane').click()
    await lane('never heard').getByText(/step \d+ of 1000/).waitFor()
    const begin = Date.now()
    await lane('never heard').getByRole('button', { name: 'Cancel' }).click()
    await lane('never heard').getByText('Cancelled.').waitFor()
    await waitUntil(async () => (await at.newestJob()).state === 'cancelled', 'its end', longMs)
    console.log(`cancelled after ${((Date.now() - begin) / 1000).toFixed(1)} s`)
    await at.button('Put what did not succeed away').click()
    await at.page.getByRole('form', { name: 'Add a lane' }).getByLabel('Steps').fill('')
    await at.page.getByRole('form', { name: 'Add a lane' }).getByLabel('Stereo').fill('')
  })

  it('composes a mix, and exports its stems, which add up to it', async () => {
    await startOver()
    await at.button('A whole mix').click()
    await at.button('Leave pad out').click()
    await at.page.getByLabel('Seconds', { exact: true }).last().fill('6')
    await at.button('Compose 2 lanes').click()
    for (const name of ['drums', 'bass']) await at.button(`Change ${name}`).waitFor()
    const job = await at.newestJob()
    expect(job.clips.map(({ part }) => [part.role, part.name])).toEqual([['mix', ''], ['stem', 'drums'], ['stem', 'bass']])
    const [download] = await Promise.all([at.page.waitForEvent('download'), at.button('Export stems').click()])
    const files = unzipSync(readFileSync(await download.path()))
    const sounds = Object.entries(files).filter(([name]) => name.endsWith('.wav')).sort(([a], [b]) => a.localeCompare(b))
      .map(([, data]) => decodeWav(data.slice().buffer).channels[0]!)
    expect(sounds.map(({ length }) => length)).toEqual([6 * 44100, 6 * 44100, 6 * 44100])
    // The server's own mix is the sum of its stems as well; 24 bits round three times.
    const own = (await at.sound(job.clips[0]!)).channels[0]!
    for (let i = 0; i < own.length; i += 997) expect(Math.abs(sounds[0]![i]! - own[i]!)).toBeLessThan(1e-5)
  })

  it('complains of nothing on the console', () => expectQuietConsole(at))
}, withoutBand, { width: 1200, height: 900 })
