// SPDX-License-Identifier: GPL-3.0-or-later
// Band as a musician uses it: lanes that play along, what is heard of them, undo, and the zip of stems.
import { readFileSync } from 'node:fs'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { decodeWav } from '../../../web/src/audio/wav'
import { wav } from '../fake/sound'
import { level, toneLevel, waitForSound, waitUntil } from './listen'
import { beepingMicrophone, missing, openStudio, type Studio } from './studio'

const rate = 44100

// A steady tone; a negative peak is the same one upside down.
function tone(name: string, hz: number, seconds: number, peak = 0.3) {
  const values = Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate) * peak)
  return { name: `${name}.wav`, mimeType: 'audio/wav', buffer: wav(values, rate) }
}

describe.skipIf(missing)('Band', () => {
  let studio: Studio
  let page: Page
  beforeAll(async () => {
    studio = await openStudio(undefined, beepingMicrophone)
    studio.fake.pace.steps = 6
    page = await studio.open('#/band', { viewport: { width: 1200, height: 900 } })
  })
  afterAll(() => studio.close())
  beforeEach(() => {
    studio.fake.pace.stepMs = 5
    studio.fake.pace.holdAt = null
  })

  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true })
  const lane = (name: string) => page.getByRole('region', { name: `Lane ${name}`, exact: true })
  const form = () => page.getByRole('form', { name: 'Add a lane' })
  const newestJob = () => [...studio.fake.jobs.all.values()].at(-1)!
  const bring = async (file: ReturnType<typeof tone>) => {
    await page.locator('.lanes').getByLabel('Sound file').setInputFiles(file)
    await lane(file.name.replace('.wav', '')).waitFor()
  }
  const add = async (wish: string) => {
    await form().getByLabel('Prompt', { exact: true }).fill(wish)
    await button('Add the lane').click()
  }
  const done = () => waitUntil(() => newestJob().state === 'done', 'the job')
  const startOver = async () => {
    await button('Start over').click()
    await page.getByText('Who shall join in?').waitFor()
  }
  const takes = () => lane('slap bass').getByRole('group', { name: 'Takes of slap bass' }).getByRole('button').count()
  const go = async (mode: string, send: string, expected: number) => {
    await button(mode).click()
    await button(send).click()
    await waitUntil(async () => (await takes()) === expected, `take ${expected}`)
    await done()
  }
  const until = (hz: number, heard: boolean) =>
    waitUntil(async () => ((await toneLevel(page, 'band', hz)) > 0.05) === heard && (heard || (await toneLevel(page, 'band', hz)) < 1e-3), `${hz} Hz ${heard ? 'heard' : 'silent'}`)

  it('says what is wrong with a file that is no sound', async () => {
    await page.locator('.lanes').getByLabel('Sound file').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('not music') })
    await page.getByRole('alert').getByText('notes.txt: expected sound').waitFor()
    expect(await page.getByText('Who shall join in?').isVisible()).toBe(true)
  })

  it('plays lanes together; solo, mute and gain are heard at once', async () => {
    await bring(tone('low', 440, 8))
    await bring(tone('high', 1500, 8))
    await button('Loop').click()
    await button('Play').click()
    await until(440, true)
    await until(1500, true)
    await button('Mute low').click()
    await until(440, false)
    await until(1500, true)
    await button('Mute low').click()
    await button('Solo low').click()
    await until(1500, false)
    await until(440, true)
    await button('Mute low').click()
    await waitUntil(async () => (await level(page, 'band')) < 1e-3, 'silence of all')
    await button('Mute low').click()
    await button('Solo low').click()
    await until(1500, true)
    await page.getByRole('slider', { name: 'Gain of high' }).fill('-12')
    await waitUntil(async () => Math.abs((await toneLevel(page, 'band', 1500)) - 0.3 * 0.251) < 0.003, 'a quarter')
    await button('Pause').click()
    await waitUntil(async () => (await level(page, 'band')) < 1e-4, 'silence')
  })

  it('keeps lanes together to the sample, also those that come later, after seeking and in a loop', async () => {
    await startOver()
    await bring(tone('one', 523, 6))
    await button('Play').click()
    await waitForSound(page, 'band')
    await bring(tone('opposite', 523, 6, -0.3)) // joins while it plays: both together are silence
    const silent = () => waitUntil(async () => (await level(page, 'band')) < 1e-5, 'both to cancel out')
    await silent()
    const place = page.getByRole('slider', { name: 'Place in one' })
    await place.focus()
    for (const key of ['ArrowRight', 'End', 'ArrowLeft', 'Home']) {
      await page.keyboard.press(key)
      await page.waitForTimeout(150)
      await silent()
    }
    await page.keyboard.press('Shift+ArrowRight') // half a second goes round
    await page.waitForTimeout(1200)
    await silent()
    await button('Mute opposite').click()
    await waitForSound(page, 'band')
    expect(Number(await place.getAttribute('aria-valuenow'))).toBeLessThanOrEqual(0.5)
    await button('Pause').click()
    await button('Loop').click()
    await button(/^Forget the span/).click()
  })

  it('adds a lane that follows the clip itself, or the mix of what is heard', async () => {
    await startOver()
    await bring(tone('loop', 440, 5))
    await add('slap bass')
    await lane('slap bass').getByText('slap bass', { exact: true }).waitFor()
    await done()
    const first = newestJob()
    expect(first).toMatchObject({ pipeline: 'accompany', request: { prompt: 'slap bass', context: expect.stringMatching(/^clip_/) } })
    expect(first.clips[0]!.duration_s).toBe(5)
    await form().getByLabel('Count').fill('2')
    await add('warm pad')
    await lane('warm pad').getByRole('button', { name: 'Take 2' }).waitFor()
    const { request } = newestJob()
    expect(request).toMatchObject({ prompt: 'warm pad', count: 2, context: expect.stringMatching(/^up_/) })
    const mix = studio.fake.library.uploads.get(String(request.context))!
    const sound = decodeWav(mix.sound.buffer.slice(mix.sound.byteOffset, mix.sound.byteOffset + mix.sound.length) as ArrayBuffer)
    const loop = decodeWav(tone('loop', 440, 5).buffer.buffer.slice(0) as ArrayBuffer)
    const bass = studio.fake.library.clip(first.clips[0]!.id).sound
    const other = decodeWav(bass.buffer.slice(bass.byteOffset, bass.byteOffset + bass.length) as ArrayBuffer)
    expect(sound.channels[0]!.length).toBe(5 * rate)
    for (const i of [0, 1000, 100_000, 220_499]) expect(sound.channels[0]![i]).toBeCloseTo(loop.channels[0]![i]! + other.channels[0]![i]!, 5)
    await form().getByLabel('Count').fill('1')
  })

  it('whatever fits, and like a recording from the microphone', async () => {
    await add('')
    await lane('surprise').getByRole('button', { name: 'Change surprise' }).waitFor()
    expect(newestJob().request.prompt).toBeUndefined()
    await page.context().grantPermissions(['microphone'])
    await button('Record with the microphone').click()
    await page.getByRole('timer').getByText('0:01').waitFor()
    await button('Stop recording').click()
    await page.getByText('recording 1.wav').waitFor()
    await add('')
    await waitUntil(async () => newestJob().request.like !== undefined, 'the lane like it') // the mix is brought first
    await done()
    const upload = studio.fake.library.uploads.get(String(newestJob().request.like))!
    expect(upload.about.duration_s).toBeGreaterThan(0.9)
    const heard = decodeWav(upload.sound.buffer.slice(upload.sound.byteOffset, upload.sound.byteOffset + upload.sound.length) as ArrayBuffer)
    expect(Math.max(...heard.channels[0]!.map(Math.abs))).toBeGreaterThan(0.01) // Chromium's own beeps
    await button('Without it').click()
  })

  it('changes a lane: again, varied, a part of it, wider; each is a take, and undo goes back', async () => {
    await button('Change slap bass').click()
    await go('Again', 'Make it again', 2)
    expect(newestJob()).toMatchObject({ pipeline: 'accompany', request: { prompt: 'slap bass', context: expect.stringMatching(/^up_/) } })
    await button('Vary').click()
    await page.getByLabel('Amount').fill('0.3')
    await go('Vary', 'Vary it', 3)
    const second = newestJob().request.file
    expect(newestJob()).toMatchObject({ pipeline: 'vary-stem', request: { amount: 0.3 } })
    await button('Part of it').click()
    expect(await button('Make this part anew').isDisabled()).toBe(true)
    const roll = page.getByRole('slider', { name: 'Place in slap bass' })
    const box = (await roll.boundingBox())!
    await page.mouse.move(box.x + box.width * 0.2, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + 30, { steps: 4 })
    await page.mouse.up()
    await page.getByLabel('To, s').fill('3.5')
    await page.getByLabel('To, s').blur()
    await page.getByText(/^Made anew: 1.0\d to 3.50 s/).waitFor()
    await go('Part of it', 'Make this part anew', 4)
    expect(newestJob()).toMatchObject({ pipeline: 'inpaint-stem', request: { from: expect.stringMatching(/^1(\.0\d*)?s$/), to: '3.5s' } })
    expect(newestJob().request.file).not.toBe(second)
    await go('Width and loop', 'Shape it', 5)
    expect(newestJob()).toMatchObject({ pipeline: 'vary-stem', request: { amount: 0, stereo: 0.4 } })
    const chosen = () => lane('slap bass').getByRole('button', { pressed: true }).filter({ hasText: /^Take/ }).textContent()
    expect(await chosen()).toBe('Take 5')
    await page.locator('main').focus()
    await page.keyboard.press('Control+z')
    await waitUntil(async () => (await chosen()) === 'Take 4', 'undo')
    await page.keyboard.press('Control+y')
    await waitUntil(async () => (await chosen()) === 'Take 5', 'redo')
    await button('Drop this take').click()
    await waitUntil(async () => (await takes()) === 4, 'one less')
    await button('Undo').click()
    await waitUntil(async () => (await takes()) === 5, 'it back')
    await button('Remove slap bass').click()
    await lane('slap bass').waitFor({ state: 'detached' })
    await button('Undo').click()
    await lane('slap bass').waitFor()
  })

  it('lets a lane go on, and makes the way to how another one sounds', async () => {
    await button('Change slap bass').click()
    await button('Go on').click()
    await button('Bars').click()
    await page.getByLabel('Bars', { exact: true }).fill('1')
    await lane('slap bass').getByLabel('Tempo', { exact: true }).fill('120')
    expect(await lane('slap bass').getByText('Side').count()).toBe(0) // lanes that are heard together begin together
    await go('Go on', 'Let it go on', 6)
    expect(newestJob()).toMatchObject({ pipeline: 'extend-stem', request: { bars: 1, bpm: 120, context: expect.stringMatching(/^up_/) } })
    expect(newestJob().clips[0]!.duration_s).toBeCloseTo(7, 3)
    await button('Between').click()
    await lane('slap bass').getByLabel('Prompt', { exact: true }).fill('')
    expect(await button('Make the way').isDisabled()).toBe(true)
    await page.getByLabel('Come to').selectOption({ label: 'how loop sounds' })
    await go('Between', 'Make the way', 11)
    expect(newestJob()).toMatchObject({ pipeline: 'interpolate', request: { from: expect.stringMatching(/^clip_/), to: expect.stringMatching(/^clip_/) } })
    expect(newestJob().request.prompt).toBeUndefined()
    for (let job = 0; job < 2; job++) await button('Undo').click()
    await lane('slap bass').getByRole('button', { name: 'Take 5', pressed: true }).waitFor()
    await button('Change slap bass').click()
  })

  it('exports all stems and their mix as WAV files of one length', async () => {
    await page.getByLabel('Tempo', { exact: true }).first().fill('112')
    await page.getByLabel('Tempo', { exact: true }).first().blur()
    const [download] = await Promise.all([page.waitForEvent('download'), button('Export stems').click()])
    expect(download.suggestedFilename()).toBe('band 112 bpm.zip')
    const files = unzipSync(readFileSync(await download.path()))
    const names = Object.keys(files).filter((name) => name.endsWith('.wav'))
    expect(names).toContain('00 mix 112 bpm.wav')
    expect(names).toContain('01 loop 112 bpm.wav')
    expect(names).toHaveLength((await page.getByRole('region', { name: /^Lane / }).count()) + 1)
    for (const name of names) expect(decodeWav(files[name]!.slice().buffer).channels[0]!.length, name).toBe(5 * rate)
    expect(JSON.parse(Buffer.from(files['band.json']!).toString())).toMatchObject({ tempo_bpm: 112, frames: 5 * rate })
  })

  it('cancels, and comes back after a reload with what was being made', async () => {
    studio.fake.pace.holdAt = 3
    await add('strings')
    await lane('strings').getByText('step 3 of 6').waitFor()
    await lane('strings').getByRole('button', { name: 'Cancel' }).click()
    await lane('strings').getByText('Cancelled.').waitFor()
    expect(newestJob()).toMatchObject({ state: 'cancelled', clips: [] })
    await lane('strings').getByRole('button', { name: 'Make it after all' }).click()
    await lane('strings').getByText('step 3 of 6').waitFor()
    const before = await page.getByRole('region', { name: /^Lane / }).evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')))
    await page.reload()
    await lane('strings').getByText('step 3 of 6').waitFor()
    expect(await page.getByRole('region', { name: /^Lane / }).evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')))).toEqual(before)
    expect(await page.getByLabel('Tempo', { exact: true }).first().inputValue()).toBe('112')
    studio.fake.pace.holdAt = null
    await button('Change strings').waitFor()
    await button('Play').click()
    await waitForSound(page, 'band')
    await button('Pause').click()
  })

  it('says why a lane failed, and what to do', async () => {
    await add('fail')
    await lane('fail').getByText('the model ran out of memory').waitFor()
    await lane('fail').getByText('start with --low-memory').waitFor()
    await button('Put what did not succeed away').click()
    await lane('fail').waitFor({ state: 'detached' })
  })

  it('composes a whole mix by plan, lane by lane', async () => {
    await startOver()
    await button('A whole mix').click()
    await page.getByLabel('Name of track 3').fill('keys')
    await page.getByLabel('What keys sounds like').fill('electric piano')
    await button('Move keys up').click()
    await page.getByLabel('Gain of bass, dB').fill('-3')
    await page.getByLabel('Seconds', { exact: true }).last().fill('4')
    await button('Compose 3 lanes').click()
    for (const name of ['drums', 'keys', 'bass']) await lane(name).waitFor()
    expect(newestJob()).toMatchObject({
      pipeline: 'compose',
      request: { seconds: 4, plan: { tracks: [{ name: 'drums', prompt: 'drums' }, { name: 'keys', prompt: 'electric piano' }, { name: 'bass', gain_db: -3 }] } },
    })
    expect(await page.getByRole('region', { name: /^Lane / }).count()).toBe(3)
    await button('Undo').click()
    await page.getByText('Who shall join in?').waitFor()
    await button('Redo').click()
    await lane('keys').waitFor()
  })

  it('says what is missing where there is no band model', async () => {
    for (const pipeline of studio.fake.about.pipelines) if (pipeline.kind === 'band') pipeline.available = false
    await page.reload()
    await page.getByRole('alert').getByText('no model that plays along').waitFor()
    await page.getByText('riffle serve --band-model').waitFor()
    expect(await lane('keys').isVisible()).toBe(true)
    for (const pipeline of studio.fake.about.pipelines) pipeline.available = true
  })

  it('complains of nothing on the console but of what it was told to', () => {
    expect(studio.errors.filter((text) => !text.includes('422'))).toEqual([])
  })
})
