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

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await page.evaluate(() => {
    const { axe: checker } = globalThis as never as { axe: { run(options: object): Promise<AxeResults> } }
    return checker.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
  })
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).slice(0, 3).join(' | ')}`)
}

describe.skipIf(missing)('everybody can use', () => {
  let studio: Studio
  beforeAll(async () => {
    studio = await openStudio()
    studio.fake.pace.stepMs = 10
    studio.fake.pace.segmentS = 3
  })
  afterAll(() => studio.close())

  it.each(Object.keys(scenes))('%s', async (name) => {
    const scene = scenes[name]!
    const page = await studio.open(scene.path, { colorScheme: 'light', viewport: { width: 900, height: 800 } })
    await scene.prepare(page, studio)
    await page.addScriptTag({ content: axe })
    expect(await violations(page), 'light').toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.setViewportSize({ width: 380, height: 700 })
    await page.waitForTimeout(100)
    expect(await violations(page), 'dark and narrow').toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380)
    await page.context().close()
  })
})
