// SPDX-License-Identifier: GPL-3.0-or-later
// A page on riffle serve with a model that makes music: what its tests share.
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Clip, Job } from '../../../web/src/api/types'
import { decodeWav } from '../../../web/src/audio/wav'
import { waitUntil } from './listen'
import { openStudio, riffle, unserved, type Studio } from './studio'

export const longMs = 240_000

export class Served {
  studio!: Studio
  page!: Page

  get = async <T>(path: string) => (await (await fetch(this.studio.url + path)).json()) as T
  newestJob = async () => (await this.get<{ jobs: Job[] }>('/api/v1/jobs?limit=1')).jobs[0]!
  clips = async (query = '') => (await this.get<{ clips: Clip[] }>(`/api/v1/clips${query}`)).clips
  // Its samples, as the library has them.
  sound = async ({ audio_url }: Pick<Clip, 'audio_url'>) => decodeWav(await (await fetch(this.studio.url + audio_url)).arrayBuffer())

  go = (hash: string) => this.page.evaluate((to) => (location.hash = to), hash)
  query = (name: string) => this.page.evaluate((key) => new URLSearchParams(location.hash.split('?')[1]).get(key), name)
  button = (name: string | RegExp) => this.page.getByRole('button', { name, exact: true })
  prompt = () => this.page.getByLabel('Prompt', { exact: true })
  place = async (label: string) => Number(await this.page.getByRole('slider', { name: label }).getAttribute('aria-valuenow'))

  // A clip that no page made.
  async make(request: object): Promise<Clip> {
    const sent = await fetch(`${this.studio.url}/api/v1/jobs`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ pipeline: 'generate', request: { preset: 'fast', ...request } }),
    })
    const { url } = (await sent.json()) as Job
    let job = await this.get<Job>(url)
    await waitUntil(async () => (job = await this.get<Job>(url)).state === 'done', 'a clip', longMs)
    return job.clips[0]!
  }
}

// The tests of a page that is opened there. `lacking`: why they cannot run.
export function describeServed(name: string, path: string, tests: (at: Served) => void, lacking = unserved, viewport = { width: 900, height: 800 }) {
  if (lacking) console.warn(`${name}: skipped, ${lacking}`)
  describe.skipIf(lacking)(name, { timeout: longMs + 60_000 }, () => {
    const at = new Served()
    beforeAll(async () => {
      at.studio = await openStudio(riffle)
      at.page = await at.studio.open(path, { viewport })
      at.page.setDefaultTimeout(longMs / 2)
    }, longMs)
    afterAll(() => at.studio?.close())
    tests(at)
  })
}

// Nothing on the console but answers that were wanted.
export function expectQuietConsole(at: Served, wanted = /(?!)/) {
  expect(at.studio.errors.filter((text) => !wanted.test(text))).toEqual([])
}

// Whether they are the same sample for sample; said in a word, where a list of numbers says nothing.
export function isSameSound(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}

export async function isPressed(button: Locator): Promise<boolean> {
  return (await button.getAttribute('aria-pressed')) === 'true'
}

// A file that is dropped there, as from a folder.
export async function dropFile(target: Locator, url: string, name: string): Promise<void> {
  await target.evaluate(async (region, [address, title]) => {
    const data = new DataTransfer()
    data.items.add(new File([await (await fetch(address!)).arrayBuffer()], title!, { type: 'audio/wav' }))
    region.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
  }, [url, name])
}

// What another program would get of a link that is dragged out of the browser: type, name, address.
export async function draggedOut(link: Locator): Promise<string[]> {
  const dragged = await link.evaluate((node) => {
    const data = new DataTransfer()
    node.dispatchEvent(new DragEvent('dragstart', { dataTransfer: data, bubbles: true }))
    return data.getData('DownloadURL')
  })
  return /^([^:]+):([^:]+):(.+)$/.exec(dragged)!.slice(1)
}
