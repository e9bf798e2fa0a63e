// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { Mask } from '../../../web/src/spectrogram/mask'
import { heightOf, hzAt } from '../../../web/src/spectrogram/mel'

const band = { min_hz: 20, max_hz: 16000 }

describe('Mask', () => {
  it('makes a box of a stroke', () => {
    const mask = new Mask(10)
    mask.stroke({ x: 0.2, y: 0.5 }, { x: 0.4, y: 0.5 }, 0.02, 0.1, 1)
    const [box, ...others] = mask.boxes(band)
    expect(others).toEqual([])
    expect(box!.from_s).toBeCloseTo(1.9, 1)
    expect(box!.to_s).toBeCloseTo(4.1, 1)
    expect(heightOf(box!.low_hz!, band)).toBeCloseTo(0.45, 1)
    expect(heightOf(box!.high_hz!, band)).toBeCloseTo(0.55, 1)
  })

  it('leaves the band open where it reaches an edge', () => {
    const mask = new Mask(10)
    mask.fill(0.1, 0.2, 0, 1)
    expect(mask.boxes(band)).toEqual([{ from_s: 1, to_s: 2, low_hz: null, high_hz: null }])
  })

  it('keeps apart what is apart, joins what overlaps, in order of time', () => {
    const mask = new Mask(10)
    mask.fill(0.7, 0.8, 0.1, 0.3)
    mask.fill(0.1, 0.2, 0.5, 0.7)
    expect(mask.boxes(band).map(({ from_s }) => from_s)).toEqual([1, 7])
    // An L around the other's corner: their boxes overlap though no cell touches.
    mask.fill(0.5, 0.52, 0.05, 0.9)
    mask.fill(0.5, 0.9, 0.85, 0.9)
    expect(mask.boxes(band)).toHaveLength(2)
  })

  it('forgets what is erased', () => {
    const mask = new Mask(5)
    mask.fill(0, 1, 0, 1)
    mask.stroke({ x: 0.5, y: 0.5 }, { x: 0.5, y: 0.5 }, 2, 2, 0)
    expect(mask.empty).toBe(true)
    expect(mask.boxes(band)).toEqual([])
  })

  it('paints a box given in numbers', () => {
    const mask = new Mask(4)
    mask.fillBox({ from_s: 1, to_s: 2, low_hz: 200, high_hz: null }, band)
    const [box] = mask.boxes(band)
    expect(box).toMatchObject({ from_s: 1, to_s: 2, high_hz: null })
    expect(box!.low_hz!).toBeLessThanOrEqual(200)
    expect(box!.low_hz!).toBeGreaterThan(120)
  })

  it('knows the mel scale both ways', () => {
    for (const hz of [20, 440, 1000, 16000]) expect(hzAt(heightOf(hz, band), band)).toBeCloseTo(hz, 6)
    expect(heightOf(20, band)).toBe(0)
    expect(heightOf(16000, band)).toBe(1)
  })
})
