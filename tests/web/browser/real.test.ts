// SPDX-License-Identifier: GPL-3.0-or-later
// The five pages against riffle serve with a model that makes music: that contract and studio fit.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import type { Clip, Jam, Job, Segment } from '../../../web/src/api/types'
import { decodeWav } from '../../../web/src/audio/wav'
import { heardSeconds, timeOfFirstSound, longestSilence, tap, waitForSound, waitUntil } from './listen'
import { song } from './scenes'
import { missing, openStudio, riffle, type Studio } from './studio'

const longMs = 240_000
const quantum = 128 // samples the audio thread makes at once

describe.skipIf(missing || !riffle)('the studio and riffle serve', { timeout: longMs + 60_000 }, () => {
  let studio: Studio
  let page: Page
  beforeAll(async () => {
    studio = await openStudio(riffle)
    page = await studio.open('#/library')
    page.setDefaultTimeout(longMs)
  }, longMs)
  afterAll(() => studio?.close())

  const get = async <T>(path: string) => (await (await fetch(studio.url + path)).json()) as T
  const go = (hash: string) => page.evaluate((to) => (location.hash = to), hash)
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true })
  const prompt = () => page.getByLabel('Prompt', { exact: true })
  const newestJob = async () => (await get<{ jobs: Job[] }>('/api/v1/jobs?limit=1')).jobs[0]!
  const jams = async () => (await get<{ jams: Jam[] }>('/api/v1/jams')).jams

  it('Jam: sounds soon after the page is opened, and for a minute without a gap', async () => {
    const fresh = await studio.open('#/jam', { bypassCSP: true }) // tap() brings a script of its own
    fresh.setDefaultTimeout(longMs)
    await fresh.getByRole('button', { name: 'Play', exact: true }).click()
    const ms = await timeOfFirstSound(fresh, 'jam')
    await tap(fresh)
    let held = false
    await waitUntil(async () => {
      held ||= await fresh.getByText('Holding this bar').isVisible()
      return (await heardSeconds(fresh)) > 60
    }, 'a minute of music', longMs)
    const silence = await longestSilence(fresh)
    const [jam] = await jams()
    console.log(`first sound ${(ms / 1000).toFixed(1)} s after the page was opened; a minute: longest silence ${silence} samples, ` +
      `${jam!.played} joints, ${held ? 'bars were held' : 'none was late'}, made ${jam!.real_time_factor!.toFixed(1)} times as fast as played`)
    expect(jam!.played).toBeGreaterThan(0) // on a busy machine bars are held instead
    expect(silence).toBeLessThan(quantum)
    await fresh.context().close()
    await fetch(studio.url + jam!.url, { method: 'DELETE' })
  })

  it('Jam: plays, changes, and is found again', async () => {
    await go('#/jam')
    await page.getByText('Ready: press play').waitFor()
    await button('Play').click()
    await waitForSound(page, 'jam')
    await page.getByLabel('What do you want to hear next?').fill('techno drums')
    await page.keyboard.press('Enter')
    await page.locator('.now', { hasText: 'techno drums' }).waitFor()
    await waitUntil(async () => (await jams())[0]!.played >= 2, 'the third segment', longMs)
    const [jam] = await jams()
    const { segments } = await get<{ segments: Segment[] }>(jam!.segments_url)
    for (const [i, segment] of segments.entries()) {
      if (i > 0) expect(segment.start_sample).toBe(segments[i - 1]!.start_sample + segments[i - 1]!.samples)
      const sound = decodeWav(await (await fetch(studio.url + segment.url)).arrayBuffer())
      expect(sound.channels[0]!.length).toBe(segment.samples)
      expect(sound.sampleRate).toBe(jam!.sample_rate)
    }
    await page.reload()
    await page.getByText('Ready: press play').waitFor()
    expect((await jams()).map(({ id }) => id)).toEqual([jam!.id])
    await button('Play').click()
    await waitForSound(page, 'jam')
    await waitUntil(async () => (await jams())[0]!.played > jam!.played, 'more than before', longMs)
    await button('Save last minute').click()
    await page.getByText('Saved to the library').waitFor()
    await button('Pause').click()
    await fetch(studio.url + jam!.url, { method: 'DELETE' })
  })

  it('Make: takes, and a job that is cancelled stops', async () => {
    await go('#/make')
    await prompt().fill('funky piano, 112 bpm')
    await page.getByLabel('Count').fill('2')
    await page.getByLabel('fast').check({ force: true })
    await button('Make 2 takes').click()
    await button('Play Take 2').waitFor()
    await button('Play Take 2').click()
    await waitForSound(page, 'deck')
    await button('Pause Take 2').click()
    await prompt().fill('never heard')
    await page.getByLabel('Seconds', { exact: true }).fill('600')
    await page.getByLabel('Count').fill('1')
    await page.getByLabel('Listen while it is made').uncheck()
    await button('Make it').click()
    await page.getByText(/step \d+ of \d+/).waitFor()
    await button('Cancel').click()
    await page.getByText('Cancelled.').waitFor()
    await waitUntil(async () => (await newestJob()).state === 'cancelled', 'its end', longMs)
  })

  it('Cover: what is no sound is refused in words; a song is covered', async () => {
    await go('#/cover')
    await page.getByLabel('Sound file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('not music') })
    await page.getByRole('alert').getByText('notes.txt').waitFor()
    await page.getByLabel('Sound file').setInputFiles(song(6))
    await prompt().fill('church organ')
    await page.getByLabel('fast').check({ force: true })
    await button('Make the cover').click()
    await button('Play').click()
    await waitForSound(page, 'deck')
    await page.getByRole('button', { name: /Cover$/ }).click()
    await waitUntil(async () => (await page.getByRole('button', { name: /Cover$/ }).getAttribute('aria-pressed')) === 'true', 'the cover', longMs)
    expect((await newestJob()).clips[0]!.duration_s).toBeCloseTo(6, 2)
  })

  it('Edit: repaints a place and lets it go on', async () => {
    const { clips } = await get<{ clips: Clip[] }>('/api/v1/clips?pipeline=generate')
    const clip = clips[0]!
    await go(`#/edit?clip=${clip.id}`)
    await page.getByText('Give the place in numbers', { exact: true }).click()
    await page.getByLabel('From, s').fill('1')
    await page.getByLabel('To, s').fill('2.5')
    await page.getByLabel('Above, Hz').fill('300')
    await button('Paint this').click()
    await prompt().fill('drum fill')
    await page.getByLabel('fast').check({ force: true })
    await button('Repaint what is painted').click()
    await page.getByRole('list', { name: 'Versions' }).getByText('drum fill').waitFor()
    await button('Extend').click()
    await page.getByLabel('Seconds', { exact: true }).fill('2')
    await page.getByLabel('fast').check({ force: true })
    await button('Let it go on').click()
    await page.getByRole('list', { name: 'Versions' }).getByText('extended').waitFor()
    expect((await newestJob()).clips[0]!.duration_s).toBeCloseTo(clip.duration_s + 2, 2)
  })

  it('Library: finds a clip, its family, and the form of a file that is dropped', async () => {
    await go('#/library')
    await page.getByLabel('Search').fill('funky piano')
    await page.getByText('2 clips').waitFor()
    const { clips } = await get<{ clips: Clip[] }>('/api/v1/clips?q=funky+piano')
    await page.getByRole('list', { name: 'Clips' }).getByRole('button', { expanded: false }).first().click()
    await page.getByText('How it was made').waitFor()
    const clip = clips[0]!
    await page.locator('[aria-label^="Library: drop"]').evaluate(async (region, url) => {
      const data = new DataTransfer()
      data.items.add(new File([await (await fetch(url)).arrayBuffer()], 'dropped.wav', { type: 'audio/wav' }))
      region.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    }, clip.audio_url)
    await waitUntil(async () => (await prompt().count()) > 0 && (await prompt().inputValue()) === clip.prompt, 'the form', longMs)
    expect(await page.getByLabel('Seed', { exact: true }).inputValue()).toBe(String(clip.seed))
  })

  it('complains of nothing on the console but of what it was told to', () => {
    expect(studio.errors.filter((text) => !text.includes('422'))).toEqual([])
  })
})
