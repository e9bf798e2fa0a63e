// SPDX-License-Identifier: GPL-3.0-or-later
// The Jam page as a musician uses it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { toneOf } from '../fake/sound'
import { level, tap, tapped, waitForSound, waitUntil } from './listen'
import { missing, openStudio, type Studio } from './studio'

const quantum = 128
const joints = 6

describe.skipIf(missing)('Jam', () => {
  let studio: Studio
  let page: Page
  beforeAll(async () => {
    studio = await openStudio()
  })
  afterAll(() => studio.close())
  beforeEach(async () => {
    await page?.context().close()
    for (const { id } of studio.fake.jams.list()) studio.fake.jams.end(id)
    studio.fake.pace.segmentS = 2
    studio.fake.pace.stepMs = 20
    studio.errors.length = 0
  })

  const play = () => page.getByRole('button', { name: 'Play', exact: true }).click()
  const nowPlaying = () => studio.fake.jams.list()[0]?.played ?? -1

  it('is alive at once: a jam is begun by opening it, and one press lets it sound', async () => {
    page = await studio.open()
    await waitUntil(() => studio.fake.jams.list().length === 1, 'a jam')
    await play()
    await waitForSound(page, 'jam')
    await page.getByText('Playing').waitFor()
    expect(studio.errors).toEqual([])
  })

  it('joins its segments without a gap, as heard at the loudspeakers', async () => {
    studio.fake.pace.segmentS = 1.5
    studio.fake.pace.stepMs = 5
    page = await studio.open()
    await page.getByText('enough made ahead').waitFor() // a late segment would be bridged, and differ
    await tap(page)
    await play()
    await waitUntil(() => nowPlaying() >= joints, 'its segments', 25_000)
    const heard = await tapped(page)
    const first = heard.findIndex((value) => value !== 0) - 1 // the tone's first sample is 0
    const tone = toneOf('jam', 44100)
    let silence = 0
    let longest = 0
    let wrong = 0
    for (let i = 0; first + i < heard.length; i++) {
      const value = heard[first + i]!
      silence = Math.abs(value) < 1e-7 ? silence + 1 : 0
      longest = Math.max(longest, silence)
      if (Math.abs(value - tone(i)) > 1e-5) wrong += 1
    }
    expect(heard.length - first).toBeGreaterThan(joints * 1.5 * 44100)
    expect(longest).toBeLessThan(quantum)
    expect(wrong).toBe(0)
  })

  it('is played with the keyboard alone', async () => {
    page = await studio.open()
    await page.getByText('Ready: press play').waitFor()
    await page.keyboard.press('Space')
    await waitForSound(page, 'jam')
    await page.keyboard.press('/')
    await page.keyboard.type('brass band march')
    await page.keyboard.press('Enter')
    await page.locator('.now', { hasText: 'brass band march' }).waitFor()
    const change = studio.fake.jams.patches.at(-1)!
    expect(change.prompt).toBe('brass band march')
    await page.keyboard.type('solo cello')
    await page.keyboard.press('Shift+Enter')
    await page.getByRole('list', { name: 'Queue' }).getByText('solo cello').waitFor()
    for (let i = 0; i < 20 && !(await page.locator('#denoising').evaluate((node) => node === document.activeElement)); i++) {
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('End')
    await waitUntil(() => studio.fake.jams.list()[0]?.denoising === 1, 'another freedom')
    await page.getByRole('button', { name: 'Pause' }).focus()
    await page.keyboard.press('Enter')
    await waitUntil(() => page.evaluate(() => globalThis.riffleSpeakers.jam.context.state === 'suspended'), 'silence')
  })

  it('makes what was made ahead anew when something else is wanted, and goes on playing', async () => {
    page = await studio.open()
    await play()
    await waitUntil(() => nowPlaying() >= 0 && studio.fake.jams.list()[0]!.waiting, 'segments made ahead')
    await page.getByLabel('What do you want to hear next?').fill('church organ')
    await page.keyboard.press('Enter')
    await waitUntil(() => studio.fake.jams.patches.at(-1)?.prompt === 'church organ', 'the change')
    const from = studio.fake.jams.patches.at(-1)!.from_segment!
    expect(from).toBeGreaterThan(0)
    await waitUntil(() => nowPlaying() > from, 'the new segments')
    const jam = studio.fake.jams.list()[0]!
    expect(studio.fake.jams.segments(jam.id, from)[0]!.revision).toBe(1)
    expect(await level(page, 'jam')).toBeGreaterThan(0.01)
    expect(studio.errors).toEqual([])
  })

  it('holds the bar when the next segment is late, and never falls silent', async () => {
    page = await studio.open()
    await play()
    await waitUntil(() => nowPlaying() >= 0, 'the first segment')
    studio.fake.pace.stepMs = 1500
    await page.getByText('Holding this bar').waitFor({ timeout: 20_000 })
    expect(await level(page, 'jam')).toBeGreaterThan(0.01)
  })

  it('finds its jam again after a reload, and events after a break', async () => {
    page = await studio.open()
    await play()
    await waitUntil(() => nowPlaying() >= 1, 'the second segment')
    studio.fake.events.drop()
    const before = studio.fake.jams.list()[0]!
    await waitUntil(() => studio.fake.events.reconnects.length > 0, 'Last-Event-ID')
    await waitUntil(() => nowPlaying() >= 3, 'segments after the break')
    await page.reload()
    await page.getByText('Ready: press play').waitFor()
    expect(studio.fake.jams.list().map(({ id }) => id)).toEqual([before.id])
    const played = nowPlaying()
    await play()
    await waitForSound(page, 'jam')
    await waitUntil(() => nowPlaying() > played, 'more than was played before')
  })

  it('saves the last minute and shares the moment', async () => {
    page = await studio.open('#/jam?prompt=music%20box&seed=7&seed_image=vibes&denoising=0.9')
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await play()
    await waitUntil(() => nowPlaying() >= 1, 'the second segment')
    await page.getByRole('button', { name: 'Save last minute' }).click()
    await page.getByText('Saved to the library: music box').waitFor()
    expect([...studio.fake.library.clips.values()].at(-1)!.about.pipeline).toBe('jam')
    await page.getByRole('button', { name: 'Share this moment' }).click()
    await page.getByText('in the clipboard').waitFor()
    const link = new URL(await page.evaluate(() => navigator.clipboard.readText()))
    const query = new URLSearchParams(link.hash.split('?')[1])
    expect(query.get('prompt')).toBe('music box')
    expect(query.get('seed_image')).toBe('vibes')
    expect(query.get('denoising')).toBe('0.9')
    expect(Number(query.get('seed'))).toBeGreaterThanOrEqual(7)
  })
})
