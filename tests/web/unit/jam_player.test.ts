// SPDX-License-Identifier: GPL-3.0-or-later
// A jam's segments are joined sample for sample, whatever comes late, is changed or is thrown away.
import { describe, expect, it } from 'vitest'
import { JamPlayer, joined, type Placed } from '../../../web/src/audio/jam_player'
import { MemoryOutput } from './memory_output'

const samples = 800

function segment(index: number, revision = 0): Placed {
  return { index, revision, start_sample: index * samples, samples, sample_rate: 1000, beats: 8, made_s: 0.2 }
}

// Every sample of the timeline has a value of its own, and none is 0.
function sound(index: number, sign = 1): Float32Array<ArrayBuffer>[] {
  return [Float32Array.from({ length: samples }, (_, i) => (sign * (index * samples + i + 1)) / 10000)]
}

function play(output: MemoryOutput, player: JamPlayer, forSamples: number): void {
  for (let done = 0; done < forSamples; done += 50) {
    player.tick()
    output.advance(50)
  }
}

describe('JamPlayer', () => {
  it('joins segments without a gap or an overlap', () => {
    const output = new MemoryOutput()
    const player = new JamPlayer(output)
    for (const index of [1, 0, 2]) player.add(segment(index), sound(index))
    player.start(0)
    play(output, player, 500)
    player.add(segment(3), sound(3))
    play(output, player, 2500)
    const lead = 60
    const heard = output.heard(lead + 4 * samples)
    for (let i = 0; i < 4 * samples; i++) expect(heard[lead + i]).toBeCloseTo((i + 1) / 10000, 6)
    expect(player.repeats).toBe(0)
  })

  it('repeats the last bar when the next segment is late, then goes on in time', () => {
    const output = new MemoryOutput()
    const player = new JamPlayer(output)
    player.add(segment(0), sound(0))
    player.start(0)
    play(output, player, 1000)
    expect(player.repeats).toBe(1)
    expect(player.position()).toEqual({ index: 0, repeat: true, sample: 400 + (1000 - 860) })
    player.add(segment(1), sound(1))
    play(output, player, 900)
    const heard = output.heard(60 + 2000)
    const bar = samples / 2
    expect([...heard.subarray(60)].every((value) => value > 0)).toBe(true) // no gap
    expect(heard[60 + samples + bar]).toBeCloseTo((samples + 1) / 10000, 6) // a whole bar later
    expect(heard[60 + samples]).toBeCloseTo(samples / 10000, 6) // no step at the joint
  })

  it('falls silent at the end when it shall not hold', () => {
    const output = new MemoryOutput()
    const player = new JamPlayer(output)
    player.hold = false
    player.add(segment(0), sound(0))
    player.start(0)
    play(output, player, 2000)
    expect(player.repeats).toBe(0)
    expect(output.heard(2000)[60 + samples]).toBe(0)
  })

  it('starts with the oldest segment there is when the one asked for is gone', () => {
    const output = new MemoryOutput()
    const player = new JamPlayer(output)
    player.start(2)
    player.add(segment(5), sound(5))
    player.tick()
    output.advance(61)
    expect(player.position()?.index).toBe(5)
  })

  it('plays the new revision of what was thrown away, and finishes what had begun', () => {
    const output = new MemoryOutput()
    const player = new JamPlayer(output)
    player.start(0)
    for (const index of [0, 1, 2]) player.add(segment(index), sound(index))
    play(output, player, 100)
    player.discard(0)
    player.add(segment(1, 1), sound(1, -1))
    play(output, player, 1500)
    const heard = output.heard(60 + 2 * samples)
    expect(heard[60 + samples - 1]).toBeCloseTo(samples / 10000, 6)
    expect(heard[60 + samples]).toBeCloseTo(-(samples + 1) / 10000, 6)
  })

  it('repeats what plays, not what was thrown away', () => {
    const output = new MemoryOutput()
    const player = new JamPlayer(output)
    player.start(0)
    for (const index of [0, 1]) player.add(segment(index), sound(index))
    play(output, player, 100)
    player.discard(1)
    play(output, player, 900)
    expect(player.position()).toMatchObject({ index: 0, repeat: true })
  })

  it('tells which segment begins, once each', () => {
    const output = new MemoryOutput()
    const begun: number[] = []
    const player = new JamPlayer(output, { onBegin: (stretch) => begun.push(stretch.index) })
    player.start(0)
    for (let index = 0; index < 30; index++) player.add(segment(index), sound(index))
    play(output, player, 25 * samples)
    expect(begun).toEqual(Array.from({ length: 25 }, (_, i) => i))
  })

  it('changes no earlier than can be made in time', () => {
    const output = new MemoryOutput()
    const player = new JamPlayer(output)
    player.start(0)
    for (let index = 0; index < 4; index++) player.add(segment(index), sound(index))
    play(output, player, 100)
    expect(player.firstChangeable(0.1)).toBe(1) // begins in 760 ms, asked for within 415 ms
    expect(player.firstChangeable(1)).toBe(2)
    expect(player.firstChangeable(60)).toBeNull()
  })

  it('refuses a sound of the wrong length', () => {
    const player = new JamPlayer(new MemoryOutput())
    expect(() => player.add(segment(0), [new Float32Array(799)])).toThrow('expected 800 samples, got 799')
  })

  it('lets a step decay instead of clicking', () => {
    const values = joined(Float32Array.from({ length: 1000 }, () => 0.5), -0.5)
    expect(values[0]).toBeCloseTo(-0.5, 6)
    for (let i = 1; i < 1000; i++) expect(Math.abs(values[i]! - values[i - 1]!)).toBeLessThan(0.01)
    expect(values[999]).toBe(0.5)
  })
})
