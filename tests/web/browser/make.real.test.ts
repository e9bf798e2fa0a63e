// SPDX-License-Identifier: GPL-3.0-or-later
// Make against riffle serve.
import { expect, it } from 'vitest'
import { waitForSound, waitUntil } from './listen'
import { describeServed, draggedOut, dropFile, expectQuietConsole, isSameSound, longMs } from './real'
import { decodeWav } from '../../../web/src/audio/wav'

describeServed('Make and riffle serve', '#/make', (at) => {
  it('takes, and a job that is cancelled stops', async () => {
    await at.prompt().fill('funky piano, 112 bpm')
    await at.page.getByLabel('Count').fill('2')
    await at.page.getByLabel('fast').check({ force: true })
    await at.button('Make 2 takes').click()
    await at.button('Play Take 2').waitFor()
    await at.button('Play Take 2').click()
    await waitForSound(at.page, 'deck')
    // From one take to the other in the middle: the place stays.
    await at.button('Play Take 1').click()
    await at.button('Pause Take 1').waitFor()
    expect(await at.place('Place in Take 1')).toBeGreaterThan(0)
    await at.button('Pause Take 1').click()
    await at.prompt().fill('never heard')
    await at.page.getByLabel('Seconds', { exact: true }).fill('600')
    await at.page.getByLabel('Count').fill('1')
    await at.page.getByLabel('Listen while it is made').uncheck()
    await at.button('Make it').click()
    await at.page.getByText(/step \d+ of \d+/).waitFor()
    await at.button('Cancel').click()
    await at.page.getByText('Cancelled.').waitFor()
    await waitUntil(async () => (await at.newestJob()).state === 'cancelled', 'its end', longMs)
  })

  it('keeps a take, varies it, and throws a variation away', async () => {
    const take = at.page.getByRole('region', { name: 'funky piano, 112 bpm', exact: true }).getByRole('article', { name: 'Take 1' })
    await take.getByRole('button', { name: 'Keep' }).click()
    await take.getByRole('button', { name: 'Kept' }).waitFor()
    const [kept, ...others] = await at.clips('?rating_min=5')
    expect(kept!.prompt).toBe('funky piano, 112 bpm')
    expect(others).toEqual([])
    await take.getByRole('button', { name: 'Vary' }).click()
    const variations = at.page.getByRole('region', { name: /^Variations of funky piano/ })
    await variations.getByRole('button', { name: 'Play Take 4' }).waitFor()
    const job = await at.newestJob()
    expect(job).toMatchObject({ pipeline: 'vary', request: { file: kept!.id, amount: 0.3, count: 4 } })
    const original = await at.sound(kept!)
    for (const clip of job.clips) {
      const { channels } = await at.sound(clip)
      expect(channels[0]!.length).toBe(original.channels[0]!.length)
      expect(isSameSound(channels[0]!, original.channels[0]!)).toBe(false)
    }
    await variations.getByRole('button', { name: 'Throw Take 4 away' }).click()
    await variations.getByRole('button', { name: 'Play Take 4' }).waitFor({ state: 'detached' })
    expect((await fetch(at.studio.url + job.clips[3]!.url)).status).toBe(404)
  })

  it('gives a take out as a file, and the file gives the form back', async () => {
    const [kept] = await at.clips('?rating_min=5')
    const take = at.page.getByRole('region', { name: 'funky piano, 112 bpm', exact: true }).getByRole('article', { name: 'Take 1' })
    const [type, name, address] = await draggedOut(take.getByRole('link', { name: /^WAV of/ }))
    expect([type, name]).toEqual(['audio/wav', 'funky piano 112 bpm.wav'])
    const file = await fetch(address!)
    expect(file.headers.get('content-disposition')).toMatch(/^attachment/)
    expect(isSameSound(decodeWav(await file.arrayBuffer()).channels[0]!, (await at.sound(kept!)).channels[0]!)).toBe(true)
    expect(await at.prompt().inputValue()).toBe('never heard')
    await dropFile(at.page.locator('[aria-label^="Make: drop"]'), address!, name!)
    await waitUntil(async () => (await at.prompt().inputValue()) === kept!.prompt, 'the form', longMs)
    expect(await at.page.getByLabel('Seed', { exact: true }).inputValue()).toBe(String(kept!.seed))
    expect(await at.page.getByLabel('Seconds', { exact: true }).inputValue()).toBe('')
  })

  it('complains of nothing on the console', () => expectQuietConsole(at))
})
