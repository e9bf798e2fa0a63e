// SPDX-License-Identifier: GPL-3.0-or-later
// The pages in states worth looking at: for pictures, and for the checks of contrast and labels.
import type { Page } from 'playwright-core'
import type { Studio } from './studio'

export interface Scene {
  path: string
  prepare(page: Page, studio: Studio): Promise<void>
}

export const scenes: Record<string, Scene> = {
  jam: {
    path: '#/jam?prompt=lo-fi%20piano%20with%20soft%20drums&seed_image=og_beat',
    async prepare(page) {
      await page.getByRole('button', { name: 'Play', exact: true }).click()
      await page.waitForTimeout(1500)
      await page.getByLabel('What do you want to hear next?').fill('brass band march')
      await page.getByRole('button', { name: 'Add to queue' }).click()
      await page.waitForTimeout(4500)
    },
  },
}
