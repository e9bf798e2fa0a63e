// SPDX-License-Identifier: GPL-3.0-or-later
// Library and its listening test against riffle serve, and the scores in the program that sums them up.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Clip } from '../../../web/src/api/types'
import { decodeWav } from '../../../web/src/audio/wav'
import { waitForSound, waitUntil } from './listen'
import { describeServed, draggedOut, dropFile, expectQuietConsole, isPressed, longMs } from './real'
import { riffle } from './studio'

describeServed('Library and riffle serve', '#/library', (at) => {
  let cello: Clip
  const rows = () => at.page.getByRole('list', { name: 'Clips' })
  const about = () => at.page.getByRole('complementary', { name: 'About this clip' })
  const library = () => at.page.locator('[aria-label^="Library: drop"]')
  const search = async (words: string, found: string) => {
    await at.page.getByLabel('Search').fill(words)
    await at.page.getByText(found, { exact: true }).waitFor()
  }

  it('finds, rates, tags, and shows where a clip came from', async () => {
    cello = await at.make({ prompt: 'solo cello', seed: 11, seconds: 3 })
    await at.make({ prompt: 'techno drums', seed: 12, seconds: 3 })
    await search('cello', '1 clip')
    await rows().getByRole('group', { name: /^Rating of solo cello/ }).getByRole('button', { name: '4 of 5' }).click()
    await rows().getByRole('group', { name: 'Rating of solo cello: 4 of 5' }).waitFor()
    await rows().getByRole('button', { expanded: false }).first().click()
    await about().getByText('How it was made').waitFor()
    await about().getByLabel(/^Tags/).fill('night, slow')
    await about().getByLabel(/^Tags/).blur()
    await waitUntil(async () => (await at.get<Clip>(cello.url)).tags.length === 2, 'its tags')
    expect(await at.get<Clip>(cello.url)).toMatchObject({ rating: 4, tags: ['night', 'slow'] })
    await search('night', '1 clip')
    await about().getByRole('button', { name: 'Edit', exact: true }).click()
    await at.button('Extend').click()
    await at.page.getByLabel('Seconds', { exact: true }).fill('1')
    await at.button('Let it go on').click()
    await at.page.getByRole('list', { name: 'Versions' }).getByText('extended').waitFor()
    await at.go(`#/library?clip=${cello.id}`)
    await about().getByRole('heading', { name: 'Made of it' }).waitFor()
    await about().getByRole('button', { name: /^extend/ }).click()
    await about().getByRole('heading', { name: 'Made from' }).waitFor()
    await about().getByRole('button', { name: /^generate/ }).waitFor()
  })

  it('compares two clips at the same place', async () => {
    await search('', '3 clips')
    for (const row of [0, 1]) await at.button('Compare').nth(row).click()
    const compare = at.page.getByRole('region', { name: 'Compare' })
    await compare.getByRole('button', { name: 'Play', exact: true }).click()
    await waitForSound(at.page, 'deck')
    const second = compare.getByRole('button', { name: 'B', exact: true })
    await second.click()
    await waitUntil(() => isPressed(second), 'B')
    await waitForSound(at.page, 'deck')
    await compare.getByRole('button', { name: 'Done' }).click()
  })

  it('gives a clip out as a WAV file that holds its sound', async () => {
    await search('solo cello', '1 clip')
    const [type, name, address] = await draggedOut(rows().getByRole('link', { name: /^WAV of solo cello:/ }))
    expect([type, name, address]).toEqual(['audio/wav', 'solo cello.wav', `${at.studio.url}${cello.audio_url}?download=1`])
    const file = await fetch(address!)
    expect(file.headers.get('content-disposition')).toMatch(/^attachment/)
    const { channels, sampleRate } = decodeWav(await file.arrayBuffer())
    expect([channels[0]!.length, sampleRate]).toEqual([cello.frames, cello.sample_rate])
  })

  it('gives the form back of a clip that is dropped: a file of another program, or a row', async () => {
    await dropFile(library(), cello.audio_url, 'from a folder.wav')
    await waitUntil(async () => (await at.prompt().count()) > 0 && (await at.prompt().inputValue()) === 'solo cello', 'the form', longMs)
    expect(await at.page.getByLabel('Seed', { exact: true }).inputValue()).toBe('11')
    expect(await at.page.getByLabel('Seconds', { exact: true }).inputValue()).toBe('3')
    await at.go('#/library')
    await search('techno', '1 clip')
    await rows().getByRole('listitem').first().dragTo(library(), { targetPosition: { x: 5, y: 5 }, sourcePosition: { x: 70, y: 4 } })
    await waitUntil(async () => (await at.prompt().count()) > 0 && (await at.prompt().inputValue()) === 'techno drums', 'the form', longMs)
    expect(await at.page.getByLabel('Seed', { exact: true }).inputValue()).toBe('12')
  })

  it('says of a file that was not made here that it has no form', async () => {
    await at.go('#/library')
    await dropFile(library(), '/api/v1/seed_images/og_beat.wav', 'strange.wav')
    await at.page.getByText('strange.wav does not say how it was made.').waitFor()
  })

  it('is listened to blind, and riffle sums the scores up', async () => {
    const clips = (await at.clips('?pipeline=generate')).map(({ id }) => id)
    await at.go(`#/listen?clips=${clips.join(',')}`)
    await at.page.getByLabel('Who listens').fill('Anna')
    await at.button('Begin: 2 pages').click()
    for (const number of [1, 2]) {
      await at.page.getByRole('region', { name: `Page ${number} of 2` }).waitFor()
      for (const letter of ['A', 'B']) {
        await at.button(`Sound ${letter}`).click()
        await waitUntil(() => isPressed(at.button(`Sound ${letter}`)), `sound ${letter}`)
        await waitForSound(at.page, 'deck')
        await at.page.getByLabel(`Score of sound ${letter}`).fill(letter === 'A' ? '90' : '30')
      }
      await at.button('Next').click()
    }
    const [download] = await Promise.all([at.page.waitForEvent('download'), at.button('Save the scores').click()])
    const path = await download.path()
    const [head, ...scores] = readFileSync(path, 'utf8').trim().split('\n')
    expect(head).toBe('listener,question,trial,system,score')
    expect(scores.map((line) => line.split(',').at(-1))).toEqual(['90', '30', '90', '30'])
    const summary = execFileSync(riffle!, ['listen-test', '--scores', path], { encoding: 'utf8' })
    for (const title of ['solo cello', 'techno drums']) expect(summary).toContain(title)
  })

  it('complains of nothing on the console', () => expectQuietConsole(at))
})
