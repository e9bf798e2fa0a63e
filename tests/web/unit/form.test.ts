// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { groupsOf, problemsOf, requestOf, valuesOf } from '../../../web/src/forms/form'
import { capabilities } from '../fake/capabilities'

const fields = capabilities(44100).pipelines[0]!.fields

describe('forms', () => {
  it('shows every field once, those for the few folded at the end', () => {
    const groups = groupsOf(fields)
    expect(groups.flatMap((group) => group.fields).map(({ name }) => name).sort()).toEqual(fields.map(({ name }) => name).sort())
    expect(groups.filter((group) => group.folded)).toHaveLength(1)
    expect(groups[0]!.fields.map(({ name }) => name)).toEqual(['prompt', 'chords', 'negative_prompt'])
    expect(groups.at(-1)!.fields.map(({ name }) => name)).toContain('cache_interval')
  })

  it('leaves to the server what is as it would be anyway', () => {
    expect(requestOf(fields, valuesOf(fields))).toEqual({})
    expect(requestOf(fields, { ...valuesOf(fields), prompt: ' piano ', count: 4, seconds: 10, loudness: -23 }))
      .toEqual({ prompt: 'piano', count: 4, seconds: 10 })
  })

  it('takes a request back that it made', () => {
    const request = { prompt: 'piano', bars: 8, bpm: 120, loop: true, seed: 7 }
    expect(requestOf(fields, valuesOf(fields, { ...request, pipeline: 'generate', model: 'x' }))).toEqual(request)
  })

  it('says what is wrong', () => {
    const values = valuesOf(fields)
    expect(Object.keys(problemsOf(fields, values))).toEqual(['prompt'])
    const wrong = problemsOf(fields, { ...values, prompt: 'x', bpm: 1000, count: 1.5, bars: 4, seconds: 0 })
    expect(wrong).toEqual({
      bpm: 'Expected between 20 and 400 BPM', count: 'Expected a whole number', seconds: 'Expected between 0.1 and 7200 s',
    })
    expect(problemsOf(fields, { ...values, prompt: 'x', bars: 4 })).toEqual({ bpm: 'Bars need a tempo' })
  })
})
