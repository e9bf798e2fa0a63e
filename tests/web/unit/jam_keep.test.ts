// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { JamKeep } from '../../../web/src/util/jam_keep'

describe('JamKeep', () => {
  it('knows whose tab is gone', () => {
    let now = 1_000_000
    const kept = new Map<string, string>()
    const store = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) }
    const keep = new JamKeep(store, () => now)
    keep.touch('jam_1')
    keep.touch('jam_2')
    keep.leave('jam_2')
    keep.leave('jam_unknown')
    expect(keep.orphans()).toEqual(['jam_2'])
    keep.touch('jam_2') // a reload took it up again
    expect(keep.orphans()).toEqual([])
    now += 120_000
    keep.touch('jam_1')
    expect(keep.orphans()).toEqual(['jam_2'])
    keep.forget('jam_2')
    expect(keep.orphans()).toEqual([])
    kept.set('riffle.jams', 'broken')
    expect(keep.orphans()).toEqual([])
  })
})
