// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { colours, type Theme } from '../../../web/src/spectrogram/palette'

const brightness = (colour: number) => 0.3 * (colour & 255) + 0.6 * ((colour >> 8) & 255) + 0.1 * ((colour >> 16) & 255)

describe.each<Theme>(['light', 'dark'])('the %s palette', (theme) => {
  it('goes one way from silence to the loudest, so that louder always looks louder', () => {
    const table = [...colours(theme)].reverse().map(brightness) // from silence on
    const way = theme === 'dark' ? 1 : -1
    for (let i = 1; i < 256; i++) expect(way * (table[i]! - table[i - 1]!)).toBeGreaterThanOrEqual(-1)
    expect(way * (table[255]! - table[0]!)).toBeGreaterThan(180)
  })
})
