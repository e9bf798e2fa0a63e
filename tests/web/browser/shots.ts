// SPDX-License-Identifier: GPL-3.0-or-later
// Takes pictures of every page, wide and narrow, light and dark: SHOTS=folder scripts/dev web shots
import { mkdirSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { openStudio } from './studio'
import { scenes } from './scenes'

const folder = process.env.SHOTS ?? '../out/studio'
const wanted = (process.env.ONLY ?? '').split(',').filter(Boolean)
const widths = (process.env.WIDTHS ?? '1280,768,380').split(',').map(Number)
const themes = (process.env.THEMES ?? 'light,dark').split(',') as ('light' | 'dark')[]

mkdirSync(folder, { recursive: true })
const studio = await openStudio()
studio.fake.pace.stepMs = 30

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}

for (const [name, scene] of Object.entries(scenes)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  for (const theme of themes) {
    const page = await studio.open(scene.path, { colorScheme: theme, viewport: { width: widths[0]!, height: 800 } })
    await scene.prepare(page, studio)
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 })
      await page.waitForTimeout(250)
      await shoot(page, `${name}-${width}-${theme}`)
    }
    await page.context().close()
  }
}
for (const error of studio.errors) console.error(`page: ${error}`)
await studio.close()
