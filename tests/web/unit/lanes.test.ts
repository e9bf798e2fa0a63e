// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { History } from '../../../web/src/util/history'
import { freeName, heardOf, laneOf, moved, newLane, othersHeard, withoutTake, withTake, type Lane } from '../../../web/src/util/lanes'
import { planOf, trackName, tracksOf } from '../../../web/src/util/plan'

const lane = (id: string, more: Partial<Lane> = {}) => newLane({ id, name: id, takes: [`clip_${id}`], chosen: `clip_${id}`, ...more })
const names = (lanes: Lane[]) => lanes.map(({ id }) => id).join('')

describe('which lanes are heard', () => {
  it('mute silences, solo silences the others, mute goes before solo', () => {
    expect(names(heardOf([lane('a'), lane('b', { muted: true }), lane('c')]))).toBe('ac')
    expect(names(heardOf([lane('a'), lane('b', { solo: true }), lane('c', { solo: true })]))).toBe('bc')
    expect(names(heardOf([lane('a'), lane('b', { solo: true, muted: true })]))).toBe('')
    expect(names(heardOf([lane('a', { takes: [], chosen: null }), lane('b')]))).toBe('b')
  })

  it('a lane follows the others that are heard, its own solo aside', () => {
    const lanes = [lane('a'), lane('b', { solo: true }), lane('c', { muted: true })]
    expect(names(othersHeard(lanes, 'b'))).toBe('a')
    expect(names(othersHeard(lanes, 'a'))).toBe('b')
    expect(names(othersHeard(lanes, null))).toBe('b')
  })
})

describe('takes of a lane', () => {
  it('come, are chosen, and go', () => {
    const one = withTake(lane('a', { takes: [], chosen: null }), 'x', false)
    expect(one).toMatchObject({ takes: ['x'], chosen: 'x' })
    const two = withTake(one, 'y', false)
    expect(two).toMatchObject({ takes: ['x', 'y'], chosen: 'x' })
    expect(withTake(two, 'y', true)).toMatchObject({ takes: ['x', 'y'], chosen: 'y' })
    const three = withTake(two, 'z', true)
    expect(withoutTake(three, 'z')).toMatchObject({ takes: ['x', 'y'], chosen: 'y' })
    expect(withoutTake(three, 'x')).toMatchObject({ takes: ['y', 'z'], chosen: 'z' })
    expect(withoutTake(one, 'x')).toMatchObject({ takes: [], chosen: null })
  })
})

describe('undo', () => {
  it('goes back and forward; what came meanwhile stays', () => {
    const history = new History<Lane[]>()
    const before = [lane('a'), lane('b')]
    history.push(before)
    const after = [before[0]!]
    history.amend((lanes) => lanes.map((each) => (each.id === 'a' ? withTake(each, 'new', false) : each)))
    const back = history.undo(after)
    expect(names(back)).toBe('ab')
    expect(back[0]!.takes).toEqual(['clip_a', 'new'])
    expect([history.canUndo, history.canRedo]).toEqual([false, true])
    expect(history.redo(back)).toBe(after)
    history.push(after)
    expect(history.canRedo).toBe(false)
  })

  it('has nothing to go back to at first', () => {
    const now = [lane('a')]
    expect(new History<Lane[]>().undo(now)).toBe(now)
  })
})

describe('saved lanes', () => {
  it('come back as they were, and what is no lane does not', () => {
    const whole = lane('a', { gain_db: -3, muted: true, like: 'up_1', jobs: ['job_1'] })
    expect(laneOf(JSON.parse(JSON.stringify(whole)))).toEqual(whole)
    expect(laneOf({ id: 'a', name: 'a', takes: ['x'], chosen: 'gone', gain_db: 900 })).toMatchObject({ chosen: 'x', gain_db: 12, jobs: [] })
    for (const nonsense of [null, 7, 'a', {}, { id: 1, name: 'a' }]) expect(laneOf(nonsense)).toBeNull()
  })

  it('have names of their own', () => {
    expect(freeName([lane('bass'), lane('bass 2')], 'bass')).toBe('bass 3')
    expect(freeName([], 'a/b: c')).toBe('a b c')
  })

  it('move', () => {
    expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b'])
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b'])
  })
})

describe('the plan of a mix', () => {
  const track = (name: string, more = {}) => ({ key: 0, name, prompt: '', gain_db: 0, like: null, rest: {}, ...more })

  it('says only what is asked for, and gives every track a name of its own', () => {
    expect(planOf([track('Drums!', { prompt: ' drums ', gain_db: -3 }), track('drums', { like: 'clip_7' }), track('é?')])).toEqual({
      tracks: [{ name: 'Drums', prompt: 'drums', gain_db: -3 }, { name: 'drums', like: 'clip_7' }, { name: 'e' }],
    })
    expect(planOf([track('a'), track('a')])).toEqual({ tracks: [{ name: 'a' }, { name: 'a-2' }] })
    expect(trackName('***', 2)).toBe('track-3')
  })

  it('comes back from a request, seeds and all', () => {
    const plan = { tracks: [{ name: 'pad', prompt: 'warm pad', seed: 7, blend: 0.2, like: 'up_1' }] }
    const tracks = tracksOf({ plan }).map((each) => ({ ...each, key: 1 }))
    expect(planOf(tracks)).toEqual(plan)
    expect(tracksOf({ plan: 'text' })).toEqual([])
  })
})
