// SPDX-License-Identifier: GPL-3.0-or-later
// Make, Cover, Edit and Library as a musician uses them.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { level, waitForSound, waitUntil } from './listen'
import { song } from './scenes'
import { missing, openStudio, type Studio } from './studio'

describe.skipIf(missing)('the pages', () => {
  let studio: Studio
  let page: Page
  beforeAll(async () => {
    studio = await openStudio()
    studio.fake.pace.steps = 6
    page = await studio.open('#/library')
  })
  afterAll(() => studio.close())
  beforeEach(() => {
    studio.fake.pace.stepMs = 5
    studio.fake.pace.holdAt = null
  })

  const go = (hash: string) => page.evaluate((to) => (location.hash = to), hash)
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true })
  const prompt = () => page.getByLabel('Prompt', { exact: true })
  const newestJob = () => [...studio.fake.jobs.all.values()].at(-1)!

  it('Make: takes side by side that stay in sync, kept and varied', async () => {
    await go('#/make')
    await button('Make 4 takes').click()
    await page.getByText('Prompt: say something here').waitFor()
    await prompt().fill('funky synth solo')
    await button('Bars').click()
    await page.getByLabel('Bars', { exact: true }).fill('1')
    await page.getByLabel('Tempo').fill('120')
    await button('Make 4 takes').click()
    await button('Play Take 4').waitFor()
    expect(newestJob().request).toMatchObject({ prompt: 'funky synth solo', bars: 1, bpm: 120, count: 4 })
    await button('Play Take 1').click()
    await waitForSound(page, 'deck')
    const place = () => page.getByRole('slider', { name: 'Place in Take 2' }).getAttribute('aria-valuenow').then(Number)
    await button('Play Take 2').click()
    await button('Pause Take 2').waitFor()
    expect(await place()).toBeGreaterThan(0)
    expect(await level(page, 'deck')).toBeGreaterThan(0.01)
    await button('Pause Take 2').click()
    const take = page.getByRole('article', { name: 'Take 2' })
    await take.getByRole('button', { name: 'Keep' }).click()
    await take.getByRole('button', { name: 'Kept' }).waitFor()
    expect(newestJob().clips[1]!.rating).toBe(5)
    await take.getByRole('button', { name: 'Vary' }).click()
    await page.getByText(/Variations of funky synth solo/).waitFor()
    await waitUntil(() => newestJob().state === 'done', 'the variations')
    expect(newestJob()).toMatchObject({ pipeline: 'vary', request: { amount: 0.3, count: 4 } })
  })

  it('Make: a cancelled job stops', async () => {
    studio.fake.pace.holdAt = 2
    await prompt().fill('endless')
    await button('Make 4 takes').click()
    await page.getByText(/step 2 of/).waitFor()
    await button('Cancel').click()
    await page.getByText('Cancelled.').waitFor()
    studio.fake.pace.holdAt = null
    const job = newestJob()
    expect(job).toMatchObject({ state: 'cancelled', clips: [], progress: { step: 2, clip: 1 } })
    expect(await page.getByRole('progressbar').count()).toBe(0)
  })

  it('Make: what fails says why and what to do', async () => {
    await prompt().fill('fail')
    await button('Make 4 takes').click()
    await page.getByText('the model ran out of memory: needed 9 GB, had 8 GB').waitFor()
    await page.getByText('start with --low-memory').waitFor()
  })

  it('Make: jobs go on over a reload', async () => {
    studio.fake.pace.holdAt = 3
    await prompt().fill('patience')
    await button('Make 4 takes').click()
    await page.getByText('1 of 4: step 3 of 6').waitFor()
    await page.reload()
    await page.getByText('1 of 4: step 3 of 6').waitFor()
    studio.fake.pace.holdAt = null
    await page.getByRole('region', { name: 'patience' }).getByRole('button', { name: 'Play Take 4' }).waitFor()
    expect(newestJob().state).toBe('done')
  })

  it('Make: a long one plays while it is made', async () => {
    studio.fake.pace.holdAt = 2 // its segments are there, the whole is not
    await prompt().fill('long walk')
    await button('Seconds').click()
    await page.getByLabel('Seconds', { exact: true }).fill('20')
    await page.getByLabel('Count').fill('1')
    const along = page.getByLabel('Listen while it is made')
    await along.waitFor()
    const chords = page.getByLabel('Chords', { exact: true })
    await chords.fill('Am | F') // which segments would not follow
    await along.waitFor({ state: 'detached' })
    await chords.fill('')
    await along.waitFor()
    await button('Make it').click()
    await waitForSound(page, 'stream')
    expect(newestJob()).toMatchObject({ stream: true, state: 'running', clips: [] })
    await button('Stop listening').click()
    studio.fake.pace.holdAt = null
    await page.getByRole('region', { name: 'long walk' }).getByRole('button', { name: 'Play Take 1' }).waitFor()
  })

  it('Cover: says what is wrong with a file that is no sound', async () => {
    await go('#/cover')
    await page.getByLabel('Sound file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('not music') })
    await page.getByText('notes.txt: expected sound').waitFor()
    await page.getByText('WAV, FLAC, MP3').waitFor()
  })

  it('Cover: original and cover in sync, one key apart', async () => {
    studio.fake.pace.holdAt = 4
    await page.getByLabel('Sound file').setInputFiles(song(30))
    await prompt().fill('church organ')
    await button('Make the cover').click()
    await button('Play').click()
    await waitForSound(page, 'deck') // the original, while the cover is made
    await page.getByRole('img', { name: 'The cover, being made' }).waitFor()
    studio.fake.pace.holdAt = null
    const cover = page.getByRole('button', { name: /Cover$/ })
    await cover.waitFor()
    const place = () => page.getByRole('slider').first().getAttribute('aria-valuenow').then(Number)
    const before = await place()
    await page.locator('main').focus()
    await page.keyboard.press('2')
    await waitUntil(async () => (await cover.getAttribute('aria-pressed')) === 'true', 'the cover')
    expect(await place()).toBeGreaterThanOrEqual(before)
    expect(await level(page, 'deck')).toBeGreaterThan(0.01)
    expect(await button('Pause').isVisible()).toBe(true)
    expect(newestJob().request).toMatchObject({ prompt: 'church organ', file: expect.stringMatching(/^up_/) })
    await button('Pause').click()
  })

  it('Edit: repaints what is painted, and undoes it', async () => {
    const clip = studio.fake.library.addClip({ pipeline: 'generate', request: { prompt: 'waltz', seed: 1 }, samples: 441_000 })
    await go(`#/edit?clip=${clip.id}`)
    const canvas = page.getByLabel('Spectrogram to paint on')
    await page.getByText('Paint on the spectrogram first').waitFor()
    const box = (await canvas.boundingBox())!
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5, { steps: 4 })
    await page.mouse.up()
    await page.getByText(/^Made anew: 3.7 to 6.3 s/).waitFor()
    await prompt().fill('drum fill')
    await button('Repaint what is painted').click()
    await page.getByRole('list', { name: 'Versions' }).getByText('drum fill').waitFor()
    const { request } = newestJob()
    expect(request).toMatchObject({ file: clip.id, prompt: 'drum fill', from: '3.7s', to: '6.3s' })
    expect(request.low_hz).toBeGreaterThan(100)
    expect(request.high_hz).toBeLessThan(16000)
    const current = () => page.evaluate(() => new URLSearchParams(location.hash.split('?')[1]).get('clip'))
    expect(await current()).not.toBe(clip.id)
    await page.locator('main').focus()
    await page.keyboard.press('Control+z')
    await waitUntil(async () => (await current()) === clip.id, 'undo')
    await button('Redo').click()
    await waitUntil(async () => (await current()) !== clip.id, 'redo')
  })

  it('Edit: places in numbers, and extends', async () => {
    await page.getByText('Give the place in numbers', { exact: true }).click()
    await page.getByLabel('From, s').fill('1')
    await page.getByLabel('To, s').fill('2')
    await button('Paint this').click()
    await page.getByText('Made anew: 1.0 to 2.0 s, all heights').waitFor()
    await button('Extend').click()
    await page.getByLabel('Seconds', { exact: true }).fill('3')
    await button('Let it go on').click()
    await page.getByRole('list', { name: 'Versions' }).getByText('extended').waitFor()
    expect(newestJob()).toMatchObject({ pipeline: 'extend', request: { seconds: 3 } })
    expect(newestJob().clips[0]!.duration_s).toBeCloseTo(13, 1)
  })

  it('Library: finds, rates, compares and shows where a clip came from', async () => {
    const parent = studio.fake.library.addClip({ pipeline: 'generate', request: { prompt: 'blue heron', seed: 3 }, samples: 88_200, tags: ['birds'] })
    studio.fake.library.addClip({ pipeline: 'cover', request: { prompt: 'grey heron', file: parent.id }, samples: 88_200, parents: [parent.id] })
    await go('#/library')
    await page.getByLabel('Search').fill('heron')
    await page.getByText('2 clips').waitFor()
    await page.getByRole('group', { name: /^Rating of grey heron/ }).getByRole('button', { name: '4 of 5' }).click()
    await page.getByRole('group', { name: 'Rating of grey heron: 4 of 5' }).waitFor()
    await button(/^grey heron cover/).click()
    const about = page.getByRole('complementary', { name: 'About this clip' })
    await about.getByRole('heading', { name: 'Made from' }).waitFor()
    await about.getByRole('button', { name: /blue heron/ }).click()
    await about.getByRole('heading', { name: 'Made of it' }).waitFor()
    for (const row of [0, 1]) await button('Compare').nth(row).click()
    const compare = page.getByRole('region', { name: 'Compare' })
    await compare.getByRole('button', { name: 'Play', exact: true }).click()
    await waitForSound(page, 'deck')
    await compare.getByRole('button', { name: 'B', exact: true }).click()
    await waitUntil(async () => (await compare.getByRole('button', { name: 'B', exact: true }).getAttribute('aria-pressed')) === 'true', 'B')
    await compare.getByRole('button', { name: 'Done' }).click()
  })

  it('Library: a WAV can be dragged out, and a clip that is dropped restores its form', async () => {
    const clip = [...studio.fake.library.clips.values()].find(({ about }) => about.title === 'blue heron')!.about
    const dragged = await page.getByRole('link', { name: /^WAV of blue heron/ }).first().evaluate((link) => {
      const data = new DataTransfer()
      link.dispatchEvent(new DragEvent('dragstart', { dataTransfer: data, bubbles: true }))
      return data.getData('DownloadURL')
    })
    expect(dragged).toBe(`audio/wav:blue heron.wav:${studio.url}${clip.audio_url}?download=1`)
    await page.locator('[aria-label^="Library: drop"]').evaluate(async (region, [url, name]) => {
      const data = new DataTransfer()
      data.items.add(new File([await (await fetch(url!)).arrayBuffer()], name!, { type: 'audio/wav' }))
      region.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    }, [clip.audio_url, `${clip.id}.wav`])
    await waitUntil(async () => (await prompt().count()) > 0 && (await prompt().inputValue()) === 'blue heron', 'the form')
    expect(await page.getByLabel('Seed', { exact: true }).inputValue()).toBe('3')
  })

  it('complains of nothing on the console but of what it was told to', () => {
    expect(studio.errors.filter((text) => !text.includes('422'))).toEqual([])
  })
})
