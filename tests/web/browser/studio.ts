// SPDX-License-Identifier: GPL-3.0-or-later
// The built studio in Debian's Chromium, served by the fake server or by a real one (RIFFLE_URL).
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { FakeServer } from '../fake/server'

const dist = resolve(__dirname, '../../../web/dist')
const program = process.env.CHROMIUM ?? '/usr/bin/chromium'

export const missing = !existsSync(program)
  ? `no ${program} (scripts/setup web-test installs it)`
  : !existsSync(`${dist}/index.html`)
    ? 'the studio is not built (scripts/dev web build)'
    : ''

export interface Studio {
  fake: FakeServer
  url: string
  browser: Browser
  open(path?: string, options?: BrowserContextOptions): Promise<Page>
  errors: string[] // what pages complained of on the console
  close(): Promise<void>
}

export async function openStudio(): Promise<Studio> {
  const fake = new FakeServer(dist)
  const url = process.env.RIFFLE_URL ?? (await fake.listen())
  const browser = await chromium.launch({
    executablePath: program,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--mute-audio'],
  })
  const errors: string[] = []
  return {
    fake, url, browser, errors,
    async open(path = '', options = {}) {
      const context = await browser.newContext({ viewport: { width: 640, height: 640 }, ...options })
      const page = await context.newPage()
      page.setDefaultTimeout(20_000)
      page.on('pageerror', (error) => errors.push(error.message))
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
      await page.goto(`${url}/${path}`)
      return page
    },
    async close() {
      await browser.close()
      await fake.close()
    },
  }
}
