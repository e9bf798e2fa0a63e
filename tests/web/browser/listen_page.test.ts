// SPDX-License-Identifier: GPL-3.0-or-later
// The blind listening test, from the choice of clips to the file of scores.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { level, waitForSound, waitUntil } from './listen'
import { missing, openStudio, type Studio } from './studio'

describe.skipIf(missing)('Listen', () => {
  let studio: Studio
  let page: Page
  beforeAll(async () => {
    studio = await openStudio()
    const { library } = studio.fake
    for (const prompt of ['solo cello', 'techno drums']) {
      for (const model of ['modest', 'grand']) {
        const clip = library.addClip({ pipeline: 'generate', request: { prompt, seed: model.length }, samples: 88_200, title: `${prompt} by ${model}` })
        library.clip(clip.id).about.model = model
        library.clip(clip.id).about.loudness_lufs = model === 'grand' ? -17 : -23
      }
    }
    page = await studio.open('#/library', { viewport: { width: 1100, height: 900 } })
  })
  afterAll(() => studio.close())

  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true })
  const hearAll = async (letters: string[]) => {
    for (const letter of letters) {
      await button(`Sound ${letter}`).click()
      await waitUntil(async () => (await button(`Sound ${letter}`).getAttribute('aria-pressed')) === 'true', `sound ${letter}`)
    }
  }
  const loudness = async () => {
    let sum = 0
    for (let i = 0; i < 12; i++) {
      sum += await level(page, 'deck')
      await page.waitForTimeout(70)
    }
    return sum / 12
  }
  const scores = async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), button('Save the scores').click()])
    return readFileSync(await download.path(), 'utf8').trim().split('\n')
  }

  it('asks for what it needs before it begins', async () => {
    await page.getByRole('link', { name: 'Listening test' }).click()
    await page.getByText('Choose two clips at least.').waitFor()
    await page.getByLabel('Search').fill('solo cello')
    await waitUntil(async () => (await page.getByRole('checkbox').count()) === 2, 'two clips')
    await page.getByLabel('Search').fill('')
    await waitUntil(async () => (await page.getByRole('checkbox').count()) === 4, 'four clips')
    await button('Choose all found').click()
    await page.getByText('Say who listens').waitFor()
    await page.getByLabel('Who listens').fill('Anna')
    await page.getByText('2 passages, 2 to tell apart.').waitFor()
  })

  it('is blind, plays in sync and equally loud, and goes on after a reload', async () => {
    await button('Begin: 4 pages').click()
    const judge = page.getByRole('region', { name: 'Page 1 of 4' })
    await judge.waitFor()
    expect(await page.locator('main').innerHTML()).not.toMatch(/modest|grand|cello|techno|clip_/)
    expect(await button('Next').isDisabled()).toBe(true)
    await hearAll(['A'])
    await waitForSound(page, 'deck')
    const first = await loudness()
    await hearAll(['B'])
    await page.waitForTimeout(300)
    const ratio = first / (await loudness())
    // The sounds are equally loud, and one of them says it is 6 dB louder: it is played at half.
    expect(Math.abs(Math.abs(Math.log2(ratio)) - 1)).toBeLessThan(0.35)
    await page.getByLabel('Score of sound A').fill('80')
    expect(await button('Next').isDisabled()).toBe(true)
    await page.getByLabel('Score of sound B').fill('30')
    await button('Next').click()
    await page.getByRole('region', { name: 'Page 2 of 4' }).waitFor()
    await page.reload()
    await page.getByRole('region', { name: 'Page 2 of 4' }).waitFor()
    await page.locator('main').focus()
    for (const key of ['1', '2']) {
      await page.keyboard.press(key)
      await waitUntil(async () => (await button(`Sound ${key === '1' ? 'A' : 'B'}`).getAttribute('aria-pressed')) === 'true', key)
    }
    for (const letter of ['A', 'B']) await page.getByLabel(`Score of sound ${letter}`).fill('50')
    await button('Next').click()
    // The second question shows the words.
    await page.getByText('How well does it fit the words?').waitFor()
    expect(await page.locator('.prompt').textContent()).toMatch(/solo cello|techno drums/)
    for (let left = 2; left > 0; left--) {
      await hearAll(['A', 'B'])
      for (const letter of ['A', 'B']) await page.getByLabel(`Score of sound ${letter}`).fill(letter === 'A' ? '100' : '0')
      await button('Next').click()
    }
  })

  it('saves the scores as riffle listen-test reads them', async () => {
    const [head, ...rows] = await scores()
    expect(head).toBe('listener,question,trial,system,score')
    expect(rows).toHaveLength(8)
    const fields = rows.map((row) => row.split(','))
    for (const question of ['How good is the sound?', 'How well does it fit the words?']) {
      for (const trial of ['solo cello', 'techno drums']) {
        const own = fields.filter(([, asked, name]) => asked === question && name === trial)
        expect(own.map(([, , , system]) => system).sort()).toEqual(['grand', 'modest'])
      }
    }
    expect(fields.slice(0, 2).map(([, , , , score]) => score)).toEqual(['80', '30'])
    await button('Another test').click()
  })

  it('compares in pairs the takes another page sends', async () => {
    const ids = [...studio.fake.library.clips.keys()].slice(0, 3)
    await page.evaluate((to) => (location.hash = to), '#/library')
    await page.evaluate((to) => (location.hash = to), `#/listen?clips=${ids.join(',')}`)
    await page.getByText('3 clips are chosen').waitFor()
    await page.getByLabel('Who listens').fill('Ben')
    await page.getByLabel('Heard side by side').selectOption('all')
    await page.getByLabel('Told apart in the scores by').selectOption('clip')
    await button('Pairs: which is better').click()
    await page.getByLabel('Question 2').fill('')
    await button('Begin: 3 pages').click()
    for (const choice of ['A is better', 'B is better', 'No difference']) {
      await hearAll(['A', 'B'])
      await page.getByLabel(choice).check()
      await button('Next').click()
    }
    const [, ...rows] = await scores()
    expect(rows.map((row) => row.split(',').at(-1))).toEqual(['100', '0', '0', '100', '50', '50'])
    await button('Another test').click()
  })

  it('complains of nothing on the console', () => {
    expect(studio.errors).toEqual([])
  })
})
