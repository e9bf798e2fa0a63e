// SPDX-License-Identifier: GPL-3.0-or-later
// Jam against riffle serve: that contract and studio fit.
import { expect, it } from 'vitest'
import type { Jam, Segment } from '../../../web/src/api/types'
import { heardSeconds, longestSilence, tap, timeOfFirstSound, waitForSound, waitUntil } from './listen'
import { describeServed, expectQuietConsole, longMs } from './real'

const quantum = 128 // samples the audio thread makes at once

describeServed('Jam and riffle serve', '#/library', (at) => {
  const jams = async () => (await at.get<{ jams: Jam[] }>('/api/v1/jams')).jams
  const end = ({ url }: Jam) => fetch(at.studio.url + url, { method: 'DELETE' })

  it('sounds soon after the page is opened, and for a minute without a gap', async () => {
    const fresh = await at.studio.open('#/jam', { bypassCSP: true }) // tap() brings a script of its own
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
    await end(jam!)
  })

  it('plays, changes, and is found again', async () => {
    await at.go('#/jam')
    await at.page.getByText('Ready: press play').waitFor()
    await at.button('Play').click()
    await waitForSound(at.page, 'jam')
    await at.page.getByLabel('What do you want to hear next?').fill('techno drums')
    await at.page.keyboard.press('Enter')
    await at.page.locator('.now', { hasText: 'techno drums' }).waitFor()
    await waitUntil(async () => (await jams())[0]!.played >= 2, 'the third segment', longMs)
    const [jam] = await jams()
    const { segments } = await at.get<{ segments: Segment[] }>(jam!.segments_url)
    for (const [i, segment] of segments.entries()) {
      if (i > 0) expect(segment.start_sample).toBe(segments[i - 1]!.start_sample + segments[i - 1]!.samples)
      const sound = await at.sound({ audio_url: segment.url })
      expect(sound.channels[0]!.length).toBe(segment.samples)
      expect(sound.sampleRate).toBe(jam!.sample_rate)
    }
    await at.page.reload()
    await at.page.getByText('Ready: press play').waitFor()
    expect((await jams()).map(({ id }) => id)).toEqual([jam!.id])
    await at.button('Play').click()
    await waitForSound(at.page, 'jam')
    await waitUntil(async () => (await jams())[0]!.played > jam!.played, 'more than before', longMs)
  })

  it('saves what was heard of the last minute, sample for sample', async () => {
    await at.button('Pause').click()
    const [jam] = await jams()
    await at.button('Save last minute').click()
    await at.page.getByText('Saved to the library').waitFor()
    const [clip] = await at.clips('?pipeline=jam')
    expect(clip).toMatchObject({ pipeline: 'jam', tags: ['jam'], sample_rate: jam!.sample_rate })
    const { segments } = await at.get<{ segments: Segment[] }>(jam!.segments_url)
    const sounds = await Promise.all(segments.filter(({ index }) => index <= jam!.played).map(({ url }) => at.sound({ audio_url: url })))
    const heard = sounds.flatMap(({ channels }) => [...channels[0]!]).slice(-60 * jam!.sample_rate)
    const saved = (await at.sound(clip!)).channels[0]!
    expect(saved.length).toBe(heard.length)
    // What plays is not as loud as what is kept: one factor for all of it.
    const peak = heard.reduce((best, value, i) => (Math.abs(value) > Math.abs(heard[best]!) ? i : best), 0)
    const factor = saved[peak]! / heard[peak]!
    for (let i = 0; i < heard.length; i += 997) expect(Math.abs(saved[i]! - factor * heard[i]!)).toBeLessThan(1e-4)
  })

  it('shares a link to this moment, and the link plays it', async () => {
    await at.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await at.button('Share this moment').click()
    await at.page.getByText('in the clipboard').waitFor()
    const link = new URL(await at.page.evaluate(() => navigator.clipboard.readText()))
    expect(link.origin).toBe(at.studio.url)
    const said = new URLSearchParams(link.hash.split('?')[1])
    const other = await at.studio.open(link.hash)
    other.setDefaultTimeout(longMs)
    await other.getByRole('button', { name: 'Play', exact: true }).click()
    await waitForSound(other, 'jam')
    const old = (await jams()).map(({ id }) => id)
    expect(old).toHaveLength(2)
    const shared = (await jams()).find(({ prompt, seed }) => prompt === said.get('prompt') && seed === Number(said.get('seed')))
    expect(shared).toMatchObject({ seed_image: said.get('seed_image'), denoising: Number(said.get('denoising')) })
    await other.context().close()
    for (const jam of await jams()) await end(jam)
  })

  it('complains of nothing on the console', () => expectQuietConsole(at))
})
