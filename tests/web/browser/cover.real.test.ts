// SPDX-License-Identifier: GPL-3.0-or-later
// Cover against riffle serve.
import { expect, it } from 'vitest'
import { waitForSound, waitUntil } from './listen'
import { describeServed, expectQuietConsole, isPressed } from './real'
import { song } from './scenes'

describeServed('Cover and riffle serve', '#/cover', (at) => {
  const original = () => at.page.getByRole('button', { name: /Original$/ })
  const cover = () => at.page.getByRole('button', { name: /Cover$/ })
  const clock = () => at.page.evaluate(() => globalThis.riffleSpeakers.deck.context.currentTime)

  it('refuses in words what is no sound', async () => {
    await at.page.getByLabel('Sound file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('not music') })
    await at.page.getByRole('alert').getByText('notes.txt').waitFor()
  })

  it('plays the original while the cover is made, then both in sync', async () => {
    await at.page.getByLabel('Sound file').setInputFiles(song(12))
    await at.prompt().fill('church organ')
    await at.page.getByLabel('fast').check({ force: true })
    await at.button('Make the cover').click()
    await at.button('Loop').click()
    await at.button('Play').click()
    await waitForSound(at.page, 'deck')
    expect(await isPressed(original())).toBe(true)
    await cover().waitFor()
    expect(await at.button('Pause').isVisible()).toBe(true) // it went on meanwhile
    const [clip] = (await at.newestJob()).clips
    expect(clip).toMatchObject({ pipeline: 'cover', duration_s: expect.closeTo(12, 2) })
    // From one to the other and back with the keys: the place goes on with the clock, and it is never silent.
    await at.page.locator('main').focus()
    await at.page.keyboard.press('2')
    await waitUntil(() => isPressed(cover()), 'the cover')
    await at.page.getByRole('slider', { name: 'Place in Original' }).press('Home')
    await waitUntil(async () => (await at.place('Place in Original')) < 2, 'the beginning')
    const began = (await clock()) - (await at.place('Place in Cover'))
    for (const [key, lane] of [['1', original()], ['2', cover()], ['1', original()]] as const) {
      await at.page.locator('main').focus()
      await at.page.keyboard.press(key)
      await waitUntil(() => isPressed(lane), `key ${key}`)
      await waitForSound(at.page, 'deck')
      const apart = (((await clock()) - began - (await at.place('Place in Original'))) % 12 + 18) % 12 - 6 // it goes round
      expect(Math.abs(apart)).toBeLessThan(1)
    }
    await at.button('Pause').click()
  })

  it('complains of nothing on the console but of what it was told to', () => expectQuietConsole(at, /422/))
})
