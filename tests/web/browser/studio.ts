// SPDX-License-Identifier: GPL-3.0-or-later
// The built studio in Debian's Chromium, served by the fake server or by riffle serve itself.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { FakeServer } from '../fake/server'

const root = resolve(__dirname, '../../..')
const dist = `${root}/web/dist`
const browserProgram = process.env.CHROMIUM ?? '/usr/bin/chromium'

export const missing = !existsSync(browserProgram)
  ? `no ${browserProgram} (scripts/setup web-test installs it)`
  : !existsSync(`${dist}/index.html`)
    ? 'the studio is not built (scripts/dev web build)'
    : ''

// The program that was built, newest preset first; RIFFLE names another one.
export const riffle = [process.env.RIFFLE ?? '', ...['ci', 'release', 'dev'].map((preset) => `${root}/build/${preset}/riffle`)]
  .find((path) => path !== '' && existsSync(path))

// The model the pages are tried with: the one that comes along, else the smallest of Stable Diffusion's shape;
// RIFFLE_MODEL names another one.
const model = [process.env.RIFFLE_MODEL ?? '', `${root}/models/riffle-small`, `${root}/../shared/reference/riff-tiny`]
  .find((path) => path !== '' && existsSync(path))

export const unserved = missing || (riffle === undefined
  ? 'riffle is not built (scripts/dev build release)'
  : model === undefined
    ? 'neither models/riffle-small nor riff-tiny is there'
    : '')
export const withoutBand = unserved || (existsSync(`${root}/models/riffle-band`) ? '' : 'models/riffle-band is not there')

export interface Studio {
  fake: FakeServer
  served: boolean // by riffle serve; else by the fake
  url: string
  browser: Browser
  open(path?: string, options?: BrowserContextOptions): Promise<Page>
  errors: string[] // what pages complained of on the console
  close(): Promise<void>
}

interface Served {
  url: string
  stop(): Promise<void>
}

// riffle serve on a free port, with a library of its own.
async function serve(program: string): Promise<Served> {
  const library = mkdtempSync(join(tmpdir(), 'riffle-studio-'))
  const server = spawn(program, ['serve', '--port', '0', '--model', model!, '--library', library, '--web', dist], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((done) => server.on('exit', () => done()))
  const url = await new Promise<string>((done, fail) => {
    server.stdout.once('data', (line: Buffer) => done(line.toString().trim().replace(/\/$/, '')))
    server.on('exit', (status) => fail(new Error(`riffle serve ended with ${status}`)))
  })
  return {
    url,
    async stop() {
      server.kill('SIGTERM')
      await ended
      rmSync(library, { recursive: true })
    },
  }
}

// A microphone that beeps. Only where one is wanted: with it the loudspeakers keep time less well.
export const beepingMicrophone = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']

export async function openStudio(program?: string, more: string[] = []): Promise<Studio> {
  const fake = new FakeServer(dist)
  const served = program === undefined ? null : await serve(program)
  const url = served?.url ?? (await fake.listen())
  const browser = await chromium.launch({
    executablePath: browserProgram,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--mute-audio', ...more],
  })
  const errors: string[] = []
  return {
    fake, url, browser, errors, served: served !== null,
    async open(path = '', options = {}) {
      const context = await browser.newContext({ viewport: { width: 640, height: 640 }, ...options })
      const page = await context.newPage()
      page.setDefaultTimeout(20_000)
      page.setDefaultNavigationTimeout(60_000)
      page.on('pageerror', (error) => errors.push(error.message))
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
      await page.goto(`${url}/${path}`)
      return page
    },
    async close() {
      await browser.close()
      await (served ? served.stop() : fake.close())
    },
  }
}
