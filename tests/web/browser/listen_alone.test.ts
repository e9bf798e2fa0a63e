// SPDX-License-Identifier: GPL-3.0-or-later
// The page riffle listen-test writes, put together as CMake and the program do it: it works without a server.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { render, wav } from '../fake/sound'
import { missing, openStudio, type Studio } from './studio'

const source = resolve(__dirname, '../../../src/eval')

describe.skipIf(missing)('the page of riffle listen-test', () => {
  let studio: Studio
  const folder = mkdtempSync(join(tmpdir(), 'riffle-listen-'))
  beforeAll(async () => {
    studio = await openStudio()
    const trials = ['one', 'two'].map((name) => ({
      name, reference: 'b.wav', stimuli: [{ system: 'model, small', sound: 'a.wav' }, { system: 'truth', sound: 'b.wav' }],
    }))
    for (const name of ['a.wav', 'b.wav']) writeFileSync(join(folder, name), wav(render(name, 0, 44_100, 44_100), 44_100))
    const core = readFileSync(join(source, 'listening_core.js'), 'utf8').replaceAll('export function', 'function')
    const page = readFileSync(join(source, 'listening_page.html'), 'utf8').replace('{{CORE}}', () => core)
      .replace('{{DATA}}', () => JSON.stringify({ title: 'Test', questions: ['Good?'], trials }))
    writeFileSync(join(folder, 'index.html'), page)
  })
  afterAll(async () => {
    await studio.close()
    rmSync(folder, { recursive: true })
  })

  it('asks, and saves the same table as the studio', async () => {
    const page = await (await studio.browser.newContext()).newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.goto(`file://${folder}/index.html`)
    await page.getByLabel('Your name').fill('anna')
    await page.getByRole('button', { name: 'Begin' }).click()
    for (let trial = 0; trial < 2; trial++) {
      expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true)
      await page.getByLabel('Score of sound A').fill('90')
      await page.getByLabel('Score of sound B').fill('20')
      await page.getByRole('button', { name: 'Next' }).click()
    }
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the scores' }).click()])
    const [head, ...rows] = readFileSync(await download.path(), 'utf8').trim().split('\n')
    expect(head).toBe('listener,question,trial,system,score')
    expect(rows.map((row) => row.replace(/,(90|20)$/, '')).sort()).toEqual([
      'anna,Good?,one,"model, small"', 'anna,Good?,one,truth', 'anna,Good?,two,"model, small"', 'anna,Good?,two,truth',
    ])
    expect(rows.map((row) => row.split(',').at(-1))).toEqual(['90', '20', '90', '20'])
    expect(errors).toEqual([])
  })
})
