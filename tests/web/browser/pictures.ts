// SPDX-License-Identifier: GPL-3.0-or-later
// The pictures of the documentation, taken of riffle serve with the models that come along: scripts/dev web pictures
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import type { Clip, Jam, Job } from '../../../web/src/api/types'
import { waitUntil } from './listen'
import { openStudio, riffle, withoutBand } from './studio'
import { scenes, song } from './scenes'

const longMs = 400_000
const folder = '../docs/images'
// In this order: what one leaves in the library the next ones show.
const pictures: [scene: string, theme: 'light' | 'dark'][] = [
  ['make', 'light'], ['band', 'light'], ['cover', 'light'], ['edit', 'light'], ['library', 'dark'], ['jam', 'dark'],
]

if (withoutBand) throw new Error(withoutBand)
const studio = await openStudio(riffle)
const get = async <T>(path: string) => (await (await fetch(studio.url + path)).json()) as T

// Music instead of the tones that tests are content with.
async function loop(): Promise<Buffer> {
  const sent = await fetch(`${studio.url}/api/v1/jobs`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ pipeline: 'generate', request: { prompt: 'funky drums and electric piano', bars: 4, bpm: 80, seed: 3 } }),
  })
  const { url } = (await sent.json()) as Job
  let clips: Clip[] = []
  await waitUntil(async () => (clips = (await get<Job>(url)).clips).length > 0, 'a loop', longMs)
  return Buffer.from(await (await fetch(studio.url + clips[0]!.audio_url)).arrayBuffer())
}

// What a jam has played by now is most of its picture.
async function settle(page: Page, name: string): Promise<void> {
  if (name === 'jam') await waitUntil(async () => (await get<{ jams: Jam[] }>('/api/v1/jams')).jams[0]!.played >= 2, 'the third segment', longMs)
  await page.waitForTimeout(500)
}

const music = await loop()
const sound: typeof song = (_, name = 'my song.wav') => ({ name, mimeType: 'audio/wav', buffer: music })
const only = (process.env.ONLY ?? '').split(',').filter(Boolean)
for (const [name, theme] of pictures) {
  if (only.length > 0 && !only.includes(name)) continue
  const page = await studio.open(scenes[name]!.path, { colorScheme: theme, viewport: { width: 1280, height: 800 } })
  page.setDefaultTimeout(longMs)
  await scenes[name]!.prepare(page, studio, sound)
  await settle(page, name)
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    scrollTo(0, 0)
  })
  const path = `${folder}/studio-${name}.png`
  await page.screenshot({ path })
  console.log(`${path}: ${Math.round(readFileSync(path).length / 1000)} kB`)
  await page.context().close()
}
await studio.close()
