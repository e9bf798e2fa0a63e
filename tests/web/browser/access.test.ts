// SPDX-License-Identifier: GPL-3.0-or-later
// Every page in use, light and dark, wide and narrow: no violation of WCAG 2.2 A and AA that axe can find,
// and nothing wider than the screen.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { scenes } from './scenes'
import { missing, openStudio, type Studio } from './studio'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

async function violations(page: Page, rules: string[]): Promise<string[]> {
  const { violations: found } = await page.evaluate((runOnly) => {
    const { axe: checker } = globalThis as never as { axe: { run(options: object): Promise<AxeResults> } }
    return checker.run({ runOnly, resultTypes: ['violations'] })
  }, rules)
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).slice(0, 3).join(' | ')}`)
}

// Cards whose content is wider than they are.
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => [...document.querySelectorAll('.card')]
    .filter((card) => card.scrollWidth > card.clientWidth).map((card) => card.outerHTML.slice(0, 120)))
}

const all = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

describe.skipIf(missing)('everybody can use', () => {
  let studio: Studio
  let page: Page
  beforeAll(async () => {
    studio = await openStudio()
    studio.fake.pace.stepMs = 10
    studio.fake.pace.segmentS = 3
    page = await studio.open('#/library')
    await page.addScriptTag({ content: axe })
  })
  afterAll(() => studio.close())

  it.each(Object.keys(scenes))('%s', async (name) => {
    const scene = scenes[name]!
    await page.setViewportSize({ width: 900, height: 700 })
    await page.emulateMedia({ colorScheme: 'light' })
    await page.evaluate((path) => (location.hash = path), scene.path)
    await scene.prepare(page, studio)
    await page.evaluate(() => Object.values(globalThis.riffleSpeakers ?? {}).forEach(({ context }) => void context.suspend()))
    expect(await violations(page, all), 'light').toEqual([])
    expect(await overflowing(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 380, height: 700 })
    await page.waitForTimeout(100)
    expect(await violations(page, ['color-contrast']), 'dark and narrow').toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380)
  })
})
