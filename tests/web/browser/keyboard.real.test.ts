// SPDX-License-Identifier: GPL-3.0-or-later
// All pages against riffle serve with the keyboard alone: what is used was reached with the Tab key.
import type { Locator } from 'playwright-core'
import { expect, it } from 'vitest'
import type { Jam } from '../../../web/src/api/types'
import { waitForSound, waitUntil } from './listen'
import { describeServed, expectQuietConsole, isPressed, longMs } from './real'
import { withoutBand } from './studio'

const mostStops = 200 // more than any page has

describeServed('The keyboard and riffle serve', '#/jam', (at) => {
  const press = (...keys: string[]) => keys.reduce((before, key) => before.then(() => at.page.keyboard.press(key)), Promise.resolve())
  const isFocused = (target: Locator) => target.evaluate((node) => node === document.activeElement)
  // WCAG 2.4.11: what has the focus is not hidden by what stays in place while the page scrolls.
  const isSeen = (target: Locator) => target.evaluate((node) => {
    const { left, top, width, height } = node.getBoundingClientRect()
    const hit = document.elementFromPoint(left + width / 2, top + height / 2)
    return hit !== null && (node.contains(hit) || hit.contains(node))
  })
  const reach = async (target: Locator) => {
    await target.waitFor()
    for (let stop = 0; !(await isFocused(target)); stop++) {
      if (stop > mostStops) throw new Error(`not reached with the Tab key: ${target}`)
      await press('Tab')
    }
    expect(await isSeen(target), `${target} lies beneath something`).toBe(true)
  }
  const enter = async (target: Locator) => {
    await reach(target)
    await press('Enter')
  }
  const type = async (target: Locator, text: string) => {
    await reach(target)
    await press('Control+A')
    await at.page.keyboard.type(text)
  }
  const label = (name: string) => at.page.getByLabel(name, { exact: true })
  const page = (name: string) => enter(at.page.getByRole('link', { name, exact: true }))

  it('Jam: plays, is told what comes next, is freed, and pauses', async () => {
    const jam = async () => (await at.get<{ jams: Jam[] }>('/api/v1/jams')).jams[0]!
    await at.page.getByText('Ready: press play').waitFor()
    await press('Space')
    await waitForSound(at.page, 'jam')
    await press('/')
    await at.page.keyboard.type('brass band march')
    await press('Enter')
    await waitUntil(async () => (await jam()).prompt === 'brass band march', 'what comes next')
    await at.page.keyboard.type('solo cello')
    await press('Shift+Enter')
    await at.page.getByRole('list', { name: 'Queue' }).getByText('solo cello').waitFor()
    await reach(at.page.getByRole('slider', { name: /^Freedom/ }))
    await press('End')
    await waitUntil(async () => (await jam()).denoising === 1, 'another freedom')
    await enter(at.button('Pause'))
    await waitUntil(() => at.page.evaluate(() => globalThis.riffleSpeakers.jam.context.state === 'suspended'), 'silence')
  })

  it('Make: makes a take, plays it, goes to another place in it, keeps it', async () => {
    await page('Make')
    await type(at.prompt(), 'funky piano')
    await type(label('Seconds'), '6')
    await type(label('Count'), '1')
    await enter(at.button('Make it'))
    await reach(at.button('Play Take 1'))
    await press('Space')
    await waitForSound(at.page, 'deck')
    await press('Space')
    await at.button('Play Take 1').waitFor()
    const before = await at.place('Place in Take 1')
    await reach(at.page.getByRole('slider', { name: 'Place in Take 1' }))
    await press('ArrowRight', 'ArrowRight')
    await waitUntil(async () => Math.abs((await at.place('Place in Take 1')) - Math.min(6, before + 2)) < 0.11, 'two seconds on')
    await enter(at.button('Keep'))
    await at.button('Kept').waitFor()
  })

  it('Library: finds it, rates it, and sends it to be covered', async () => {
    await page('Library')
    await type(label('Search'), 'funky')
    await at.page.getByText('1 clip', { exact: true }).waitFor()
    await enter(at.page.getByRole('group', { name: /^Rating of/ }).getByRole('button', { name: '3 of 5' }))
    await waitUntil(async () => (await at.clips())[0]!.rating === 3, 'its rating')
    await enter(at.page.getByRole('list', { name: 'Clips' }).getByRole('button', { expanded: false }).first())
    await enter(at.page.getByRole('complementary').getByRole('button', { name: 'Cover', exact: true }))
    await at.page.getByRole('heading', { name: 'Cover' }).waitFor()
  })

  it('Cover: covers it, and changes between both', async () => {
    await type(at.prompt(), 'church organ')
    await enter(at.button('Make the cover'))
    const cover = at.page.getByRole('button', { name: /Cover$/ })
    await cover.waitFor()
    await press('1')
    await waitForSound(at.page, 'deck')
    await press('2')
    await waitUntil(() => isPressed(cover), 'the cover')
    await waitForSound(at.page, 'deck')
    await enter(at.button('Edit'))
  })

  it('Edit: repaints a place given in numbers, and takes it back', async () => {
    await enter(at.page.locator('summary', { hasText: 'Give the place in numbers' }))
    const before = await at.query('clip')
    await type(label('From, s'), '1')
    await type(label('To, s'), '2')
    await enter(at.button('Paint this'))
    await type(at.prompt(), 'drum fill')
    await enter(at.button('Repaint what is painted'))
    await at.page.getByRole('list', { name: 'Versions' }).getByText('drum fill').waitFor()
    await enter(at.button('Undo'))
    await waitUntil(async () => (await at.query('clip')) === before, 'undo')
    await waitUntil(() => at.button('Redo').isEnabled(), 'what to go forward to')
    await press('Control+Shift+Z')
    await waitUntil(async () => (await at.query('clip')) !== before, 'redo')
  })

  it.skipIf(withoutBand)('Band: brings a clip, adds a lane, hears it alone', async () => {
    await page('Band')
    await reach(label('From the library').last())
    await press('ArrowDown')
    await at.page.getByRole('region', { name: /^Lane / }).waitFor()
    await type(at.page.getByRole('form', { name: 'Add a lane' }).getByLabel('Prompt', { exact: true }), 'slap bass')
    await enter(at.button('Add the lane'))
    await at.button('Change slap bass').waitFor({ timeout: longMs })
    await reach(at.button('Solo slap bass'))
    await press('Space')
    expect(await isPressed(at.button('Solo slap bass'))).toBe(true)
    await enter(at.button('Play'))
    await waitForSound(at.page, 'band')
    await reach(at.page.getByRole('slider', { name: 'Gain of slap bass' }))
    await press('Home')
    await waitUntil(() => at.page.getByText('-36.0 dB').isVisible(), 'a softer lane')
  })

  it('complains of nothing on the console', () => expectQuietConsole(at))
})
