// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { scoresCsv, seeded, shuffled } from '../../../src/eval/listening_core.js'
import type { Clip } from '../../../web/src/api/types'
import { meansOf, planned, problemOfTrials, scoresOf, systemsOf, trialsOf, type Plan } from '../../../web/src/util/listening'
import { Library } from '../fake/library'

const library = new Library(44100)
function clip(prompt: string, model: string, loudness = -23): Clip {
  const made = library.addClip({ pipeline: 'generate', request: { prompt }, samples: 44100 })
  return Object.assign(made, { model, loudness_lufs: loudness })
}
const clips = [
  clip('piano', 'small', -23), clip('piano', 'large', -17), clip('drums', 'small'), clip('drums', 'large'), clip('drums', 'third'), clip('alone', 'small'),
]
const plan: Plan = {
  clips: clips.map(({ id }) => id), together: 'prompt', apart: 'model', method: 'sliders', reference: '', seed: 1, listener: 'anna',
  questions: [{ text: 'Good?', words: false }, { text: 'Fits?', words: true }],
}
const shown = (more: Partial<Plan>) => planned({ ...plan, ...more }, clips).map(({ question, trial, stimuli }) => [question.text, trial.name, ...stimuli.map(({ system }) => system)])

describe('trials', () => {
  it('are clips of the same prompt, those alone left out, all as loud as the softest', () => {
    const trials = trialsOf(clips, 'prompt', 'model')
    expect(trials.map(({ name, stimuli }) => [name, stimuli.length])).toEqual([['drums', 3], ['piano', 2]])
    expect(trials[1]!.stimuli.map(({ level }) => Number(level.toFixed(3)))).toEqual([1, 0.501])
    expect(systemsOf(trials)).toEqual(['large', 'small', 'third'])
    expect(trialsOf(clips, 'all', 'clip')[0]!.stimuli).toHaveLength(6)
  })

  it('that tell nothing are refused', () => {
    expect(problemOfTrials(trialsOf(clips.slice(0, 1), 'all', 'clip'), 'sliders')).toContain('No two')
    expect(problemOfTrials(trialsOf(clips, 'prompt', 'kind'), 'sliders')).toContain('one and the same')
    const many = Array.from({ length: 13 }, (_, i) => clip('many', `m${i}`))
    expect(problemOfTrials(trialsOf(many, 'prompt', 'model'), 'sliders')).toContain('13 sounds')
    expect(problemOfTrials(trialsOf(many, 'prompt', 'model'), 'pairs')).toBe('')
  })
})

describe('the order', () => {
  it('is the same for the same seed and name, and another for another listener', () => {
    expect(shown({})).toEqual(shown({}))
    const orders = new Set(['anna', 'ben', 'cleo', 'dora', 'emil'].map((listener) => JSON.stringify(shown({ listener }))))
    expect(orders.size).toBeGreaterThan(2)
    expect(new Set([1, 2, 3, 4, 5].map((seed) => JSON.stringify(shown({ seed })))).size).toBeGreaterThan(2)
  })

  it('asks every question of every trial once, and shows every sound', () => {
    const screens = shown({})
    expect(screens.map(([question]) => question)).toEqual(['Good?', 'Good?', 'Fits?', 'Fits?'])
    for (const [, trial, ...systems] of screens) expect(systems.sort()).toEqual(trial === 'drums' ? ['large', 'small', 'third'] : ['large', 'small'])
  })

  it('has every pair once, on either side', () => {
    const pairs = shown({ method: 'pairs', questions: [{ text: 'Better?', words: false }] })
    expect(pairs.map(([, trial, ...pair]) => `${trial} ${pair.sort().join()}`).sort())
      .toEqual(['drums large,small', 'drums large,third', 'drums small,third', 'piano large,small'])
    const first = new Set(Array.from({ length: 20 }, (_, seed) => shown({ method: 'pairs', seed }).find(([, trial]) => trial === 'piano')![2]))
    expect(first.size).toBe(2)
  })

  it('reaches every order about equally often', () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = shuffled(['a', 'b', 'c'], seeded(`listener ${i}`)).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    // 1000 each, with a standard deviation of 29.
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})

describe('scores', () => {
  it('say what was heard under which letter, in the table riffle listen-test reads', () => {
    const screen = planned(plan, clips)[0]!
    const rows = scoresOf({ ...plan, listener: 'Anna, "B"' }, screen, screen.stimuli.map((_, place) => 10 * place))
    expect(rows[1]).toEqual(['Anna, "B"', 'Good?', screen.trial.name, screen.stimuli[1]!.system, 10])
    expect(scoresCsv([rows[1]!, ['ben', 'two\nlines', 't', 's', 5]])).toBe(
      `listener,question,trial,system,score\n"Anna, ""B""",Good?,${screen.trial.name},${screen.stimuli[1]!.system},10\nben,two lines,t,s,5\n`)
  })

  it('are summed up, best first', () => {
    expect(meansOf([['a', 'Q', 't', 'x', 10], ['a', 'Q', 'u', 'x', 20], ['a', 'Q', 't', 'y', 90], ['a', 'P', 't', 'x', 5]])).toEqual([
      { question: 'Q', system: 'y', count: 1, mean: 90 }, { question: 'Q', system: 'x', count: 2, mean: 15 }, { question: 'P', system: 'x', count: 1, mean: 5 },
    ])
  })
})
