// SPDX-License-Identifier: GPL-3.0-or-later
// The pages in states worth looking at: for pictures, and for the checks of contrast and labels.
import type { Page } from 'playwright-core'
import type { ClipList } from '../../../web/src/api/types'
import { render, wav } from '../fake/sound'
import type { Studio } from './studio'

export interface Scene {
  path: string
  prepare(page: Page, studio: Studio, sound?: typeof song): Promise<void>
}

export function song(seconds: number, name = 'my song.wav') {
  return { name, mimeType: 'audio/wav', buffer: wav(render(name, 0, Math.round(seconds * 44100), 44100), 44100) }
}

// Clips with a past, made straight in the fake's library; of riffle serve what the scene of Cover left there.
async function fillLibrary({ fake: { library }, served, url }: Studio): Promise<string> {
  if (served) return ((await (await fetch(`${url}/api/v1/clips?pipeline=cover`)).json()) as ClipList).clips[0]!.id
  const prompts = ['lo-fi piano with soft drums', 'solo cello', 'techno drums and deep bass', 'string quartet, sad', 'salsa piano']
  let parent = ''
  prompts.forEach((prompt, i) => {
    const clip = library.addClip({
      pipeline: 'generate', request: { prompt, seed: 40 + i, seconds: 8, bpm: 90 + 4 * i }, samples: 44100 * (6 + i), tags: i % 2 ? ['night'] : [],
    })
    library.clip(clip.id).about.rating = i
    parent = clip.id
  })
  const covered = library.addClip({ pipeline: 'cover', request: { prompt: 'church organ', file: parent, strength: 0.5 }, samples: 44100 * 10, parents: [parent] })
  library.addClip({ pipeline: 'inpaint', request: { prompt: 'drum fill', file: covered.id }, samples: 44100 * 10, parents: [covered.id] })
  return covered.id
}

export const scenes: Record<string, Scene> = {
  jam: {
    path: '#/jam?prompt=lo-fi%20piano%20with%20soft%20drums&seed_image=og_beat',
    async prepare(page) {
      await page.getByRole('button', { name: 'Play', exact: true }).click()
      await page.getByText('Playing').waitFor()
      await page.getByLabel('What do you want to hear next?').fill('brass band march')
      await page.getByRole('button', { name: 'Add to queue' }).click()
      await page.getByRole('list', { name: 'Queue' }).waitFor()
      await page.waitForTimeout(1500)
    },
  },
  make: {
    path: '#/make',
    async prepare(page) {
      await page.getByLabel('Prompt', { exact: true }).fill('funky synth solo')
      await page.getByRole('button', { name: 'Bars' }).click()
      await page.getByRole('button', { name: 'Make 4 takes' }).click()
      await page.getByRole('button', { name: 'Play Take 2' }).waitFor()
      await page.getByRole('button', { name: 'Play Take 2' }).click()
      await page.getByRole('article', { name: 'Take 2' }).getByRole('button', { name: 'Keep' }).click()
      await page.waitForTimeout(300)
    },
  },
  band: {
    path: '#/band',
    async prepare(page, _, sound = song) {
      const lanes = page.locator('.lanes')
      await lanes.getByLabel('Sound file').setInputFiles(sound(12, 'my loop.wav'))
      await page.getByRole('region', { name: 'Lane my loop' }).waitFor()
      for (const wish of ['slap bass', 'warm pad']) {
        const form = page.getByRole('form', { name: 'Add a lane' })
        await form.getByLabel('Prompt', { exact: true }).fill(wish)
        await form.getByLabel('Count').fill('2')
        await form.getByRole('button', { name: 'Add the lane' }).click()
        await page.getByRole('region', { name: `Lane ${wish}` }).getByRole('button', { name: 'Take 2' }).waitFor()
      }
      await page.getByRole('button', { name: 'Mute warm pad' }).click()
      const roll = page.getByRole('slider', { name: 'Place in slap bass' })
      await roll.scrollIntoViewIfNeeded()
      const box = (await roll.boundingBox())!
      await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.4)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5, { steps: 5 })
      await page.mouse.up()
      await page.getByRole('button', { name: 'Part of it' }).click()
    },
  },
  cover: {
    path: '#/cover',
    async prepare(page, _, sound = song) {
      await page.getByLabel('Sound file').setInputFiles(sound(12))
      await page.getByLabel('Prompt', { exact: true }).fill('church organ')
      await page.getByRole('button', { name: 'Make the cover' }).click()
      await page.getByRole('button', { name: /Cover$/ }).waitFor()
      await page.getByRole('button', { name: 'Play', exact: true }).click()
      await page.waitForTimeout(700)
    },
  },
  edit: {
    path: '#/edit',
    async prepare(page, studio) {
      const id = await fillLibrary(studio)
      await page.evaluate((to) => (location.hash = to), `#/edit?clip=${id}`)
      const canvas = page.locator('canvas').first()
      await canvas.waitFor()
      await page.waitForTimeout(300)
      const box = (await canvas.boundingBox())!
      await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.4)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5, { steps: 5 })
      await page.mouse.up()
      await page.getByLabel('Prompt', { exact: true }).fill('drum fill')
    },
  },
  library: {
    path: '#/make',
    async prepare(page, studio) {
      await fillLibrary(studio)
      await page.evaluate(() => (location.hash = '#/library'))
      await page.getByRole('button', { name: 'Compare' }).nth(0).click()
      await page.getByRole('button', { name: 'Compare' }).nth(2).click()
      await page.getByRole('button', { name: /church organ cover/ }).first().click()
      await page.getByText('How it was made').waitFor()
    },
  },
  listen: {
    path: '#/make',
    async prepare(page, studio) {
      await fillLibrary(studio)
      await page.evaluate(() => (location.hash = '#/listen'))
      await page.getByLabel('Who listens').fill('Anna')
      await page.getByRole('checkbox').first().waitFor()
      for (const place of [0, 1, 2]) await page.getByRole('checkbox').nth(place).check()
      await page.getByLabel('Heard side by side').selectOption('all')
      await page.getByLabel('Told apart').selectOption('clip')
      await page.getByRole('button', { name: /^Begin: / }).click()
      await page.getByRole('button', { name: 'Sound B' }).click()
      await page.getByLabel('Score of sound A').fill('70')
    },
  },
}
