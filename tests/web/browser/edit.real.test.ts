// SPDX-License-Identifier: GPL-3.0-or-later
// Edit against riffle serve.
import { expect, it } from 'vitest'
import type { Clip } from '../../../web/src/api/types'
import { waitUntil } from './listen'
import { describeServed, expectQuietConsole, isSameSound } from './real'
import { song } from './scenes'

describeServed('Edit and riffle serve', '#/library', (at) => {
  let first: Clip
  let drums: string | null
  const current = () => at.query('clip')
  const versions = () => at.page.getByRole('list', { name: 'Versions' })
  // The address changes first, then the page.
  const isAt = async (id: string | null, words: string, how: string) => {
    await waitUntil(async () => (await current()) === id, how)
    await versions().locator('[aria-current]', { hasText: words }).waitFor()
  }
  const quickly = () => at.page.getByLabel('fast').check({ force: true })

  it('repaints what was painted, and nothing else', async () => {
    first = await at.make({ prompt: 'funky piano, 112 bpm', seed: 5, seconds: 5 })
    await at.go(`#/edit?clip=${first.id}`)
    const canvas = at.page.getByLabel('Spectrogram to paint on')
    await at.page.getByText('Paint on the spectrogram first').waitFor()
    await canvas.scrollIntoViewIfNeeded()
    const box = (await canvas.boundingBox())!
    await at.page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5)
    await at.page.mouse.down()
    await at.page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.5, { steps: 4 })
    await at.page.mouse.up()
    await at.page.getByText(/^Made anew: /).waitFor()
    await at.prompt().fill('drum fill')
    await quickly()
    await at.button('Repaint what is painted').click()
    await versions().getByText('drum fill').waitFor()
    drums = await current()
    expect(drums).not.toBe(first.id)
    const [before, after] = await Promise.all([first, await at.get<Clip>(`/api/v1/clips/${drums}`)].map(at.sound))
    const [was, is] = [before!.channels[0]!, after!.channels[0]!]
    expect(is.length).toBe(was.length)
    const quarters = [0, 1, 2, 3].map((i) => [Math.floor((i * was.length) / 4), Math.floor(((i + 1) * was.length) / 4)] as const)
    expect(quarters.map(([from, to]) => isSameSound(is.slice(from, to), was.slice(from, to)))).toEqual([true, false, false, true])
  })

  it('goes back and forth in a tree: what was undone stays, beside what is made in its place', async () => {
    await at.page.locator('main').focus()
    await at.page.keyboard.press('Control+z')
    await isAt(first.id, 'funky piano', 'undo')
    expect(await at.button('Undo').isDisabled()).toBe(true)
    await at.page.getByText('Give the place in numbers', { exact: true }).click()
    await at.page.getByLabel('From, s').fill('1')
    await at.page.getByLabel('To, s').fill('2')
    await at.page.getByLabel('Above, Hz').fill('300')
    await at.button('Paint this').click()
    await at.prompt().fill('choir')
    await at.button('Repaint what is painted').click()
    await versions().getByText('choir').waitFor()
    const choir = await current()
    const { request } = await at.newestJob() // to the columns and rows of the picture
    expect(request).toMatchObject({ file: first.id, low_hz: expect.closeTo(300, -2) })
    expect([request.from, request.to].map((text) => Math.round(Number.parseFloat(String(text))))).toEqual([1, 2])
    expect(await versions().getByRole('button').count()).toBe(3)
    await at.button('Undo').click()
    await isAt(first.id, 'funky piano', 'undo')
    await versions().getByRole('button', { name: /drum fill/ }).click() // the other branch
    await isAt(drums, 'drum fill', 'the other branch')
    await at.page.locator('main').focus()
    await at.page.keyboard.press('Control+z')
    await isAt(first.id, 'funky piano', 'undo from there')
    await at.button('Redo').click() // back where one came from, not to the newest
    await isAt(drums, 'drum fill', 'redo')
    await versions().getByRole('button', { name: /choir/ }).click()
    await isAt(choir, 'choir', 'the newest')
    await at.page.reload()
    await versions().getByText('drum fill').waitFor()
    expect(await versions().getByRole('button').count()).toBe(3)
  })

  it('lets a version go on', async () => {
    await at.button('Extend').click()
    await at.page.getByLabel('Seconds', { exact: true }).fill('2')
    await quickly()
    await at.button('Let it go on').click()
    await versions().getByText('extended').waitFor()
    expect((await at.newestJob()).clips[0]!.duration_s).toBeCloseTo(first.duration_s + 2, 2)
  })

  it('shows a sound that is brought in, to be painted on', async () => {
    await at.page.getByLabel('Sound file').setInputFiles(song(4, 'mine.wav'))
    await versions().locator('[aria-current]', { hasText: 'brought in' }).waitFor()
    const shades = () => at.page.getByLabel('Spectrogram to paint on').evaluate((node) => {
      const { width, height } = node as HTMLCanvasElement
      return new Set((node as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height).data).size
    })
    await waitUntil(async () => (await shades()) > 50, 'its spectrogram')
  })

  it('complains of nothing on the console', () => expectQuietConsole(at))
})
