// SPDX-License-Identifier: GPL-3.0-or-later
// The pages against riffle serve with a model that makes music: that contract and studio fit.
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
    // From one take to the other in the middle: the place stays.
    await button('Play Take 1').click()
    await button('Pause Take 1').waitFor()
    expect(Number(await page.getByRole('slider', { name: 'Place in Take 1' }).getAttribute('aria-valuenow'))).toBeGreaterThan(0)
    await button('Pause Take 1').click()
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

  it('Make: keeps a take, varies it, and gives it out as a file', async () => {
    const batch = page.getByRole('region', { name: 'funky piano, 112 bpm', exact: true })
    const take = batch.getByRole('article', { name: 'Take 1' })
    await take.getByRole('button', { name: 'Keep' }).click()
    await take.getByRole('button', { name: 'Kept' }).waitFor()
    const { clips: kept } = await get<{ clips: Clip[] }>('/api/v1/clips?rating_min=5')
    expect(kept.map(({ prompt: said }) => said)).toEqual(['funky piano, 112 bpm'])
    await take.getByRole('button', { name: 'Vary' }).click()
    const variations = page.getByRole('region', { name: /^Variations of funky piano/ })
    await variations.getByRole('button', { name: 'Play Take 4' }).waitFor()
    const job = await newestJob()
    expect(job).toMatchObject({ pipeline: 'vary', request: { file: kept[0]!.id, amount: 0.3, count: 4 } })
    const sounds = await Promise.all(job.clips.map(async ({ audio_url }) => decodeWav(await (await fetch(studio.url + audio_url)).arrayBuffer())))
    const [original] = await Promise.all(kept.map(async ({ audio_url }) => decodeWav(await (await fetch(studio.url + audio_url)).arrayBuffer())))
    for (const { channels } of sounds) {
      expect(channels[0]!.length).toBe(original!.channels[0]!.length)
      expect(channels[0]).not.toEqual(original!.channels[0])
    }
    const dragged = await take.getByRole('link', { name: /^WAV of/ }).evaluate((link) => {
      const data = new DataTransfer()
      link.dispatchEvent(new DragEvent('dragstart', { dataTransfer: data, bubbles: true }))
      return data.getData('DownloadURL')
    })
    const [, type, name, address] = /^([^:]+):([^:]+):(.+)$/.exec(dragged)!
    expect([type, name]).toEqual(['audio/wav', 'funky piano 112 bpm.wav'])
    const file = await fetch(address!)
    expect(file.headers.get('content-disposition')).toMatch(/^attachment/)
    expect(decodeWav(await file.arrayBuffer()).channels[0]).toEqual(original!.channels[0])
    await variations.getByRole('button', { name: 'Throw Take 4 away' }).click()
    await variations.getByRole('button', { name: 'Play Take 4' }).waitFor({ state: 'detached' })
    expect((await fetch(studio.url + job.clips[3]!.url)).status).toBe(404)
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
    // A, B and back with the keys, at the same place and never silent.
    const original = page.getByRole('button', { name: /Original$/ })
    const place = async () => Number(await page.getByRole('slider').first().getAttribute('aria-valuenow'))
    await page.locator('main').focus()
    if (!(await button('Pause').isVisible())) await button('Play').click()
    for (const [key, lane] of [['1', original], ['2', page.getByRole('button', { name: /Cover$/ })]] as const) {
      const before = await place()
      await page.keyboard.press(key)
      await waitUntil(async () => (await lane.getAttribute('aria-pressed')) === 'true', `key ${key}`)
      expect(await place()).toBeGreaterThanOrEqual(before)
      await waitForSound(page, 'deck')
    }
    await button('Pause').click()
    expect((await newestJob()).clips[0]!.duration_s).toBeCloseTo(6, 2)
  })

  it('Edit: repaints a place and lets it go on', async () => {
    const { clips } = await get<{ clips: Clip[] }>('/api/v1/clips?pipeline=generate')
    const clip = clips.at(-1)! // the oldest: it was made from nothing that could be gone back to
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
    const current = () => page.evaluate(() => new URLSearchParams(location.hash.split('?')[1]).get('clip'))
    const repainted = await current()
    expect(repainted).not.toBe(clip.id)
    await page.locator('main').focus()
    await page.keyboard.press('Control+z')
    await waitUntil(async () => (await current()) === clip.id, 'undo')
    await button('Undo').waitFor()
    expect(await button('Undo').isDisabled()).toBe(true)
    await button('Redo').click()
    await waitUntil(async () => (await current()) === repainted, 'redo')
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
    const { clips } = await get<{ clips: Clip[] }>('/api/v1/clips?q=funky+piano')
    await page.getByText(`${clips.length} clips`).waitFor()
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
