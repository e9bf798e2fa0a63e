// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import type { Jam, Segment } from '../../../web/src/api/types'
import { hashOf, jamStartOf, momentLink, parseHash } from '../../../web/src/util/route'
import { placeOf } from '../../../web/src/util/transfer'
import { capabilities } from '../fake/capabilities'

describe('addresses', () => {
  it('name a page and what it shows', () => {
    const { page, query } = parseHash(hashOf('edit', { clip: 'clip_7', nothing: null }))
    expect([page, query.get('clip'), query.has('nothing')]).toEqual(['edit', 'clip_7', false])
    expect(parseHash('').page).toBe('jam')
    expect(parseHash('#/nowhere').page).toBe('jam')
  })

  it('begin a jam at a moment', () => {
    const request = { prompt: 'a & b', to: 'c', alpha: 0.25, seed: 5, to_seed: 6, seed_image: 'vibes', denoising: 0.9, bpm: 101, guidance: 7, steps: 10 }
    const jam = { bpm: null } as Jam
    const early = jamStartOf(parseHash(momentLink(jam, { request } as Segment)).query)
    expect(early).toEqual({ prompt: 'a & b', seed: 5, seed_image: 'vibes', denoising: 0.9, bpm: null })
    const late = jamStartOf(parseHash(momentLink({ bpm: 101 } as Jam, { request: { ...request, alpha: 0.75 } } as Segment)).query)
    expect(late).toEqual({ prompt: 'c', seed: 6, seed_image: 'vibes', denoising: 0.9, bpm: 101 })
  })

  it('leave nonsense to the defaults', () => {
    expect(jamStartOf(new URLSearchParams('prompt=%20&seed=-3&denoising=7&bpm=abc')))
      .toEqual({ prompt: null, seed: -1, seed_image: null, denoising: 0.75, bpm: null })
  })

  it('send a request to the page that makes it', () => {
    const { pipelines } = capabilities(44100)
    expect(placeOf({ pipeline: 'cover', file: 'up_1' }, pipelines)).toEqual({ page: 'cover', query: { source: 'up_1' } })
    expect(placeOf({ pipeline: 'inpaint', file: 'clip_2' }, pipelines)).toEqual({ page: 'edit', query: { clip: 'clip_2' } })
    expect(placeOf({ pipeline: 'generate' }, pipelines).page).toBe('make')
    expect(placeOf({ pipeline: 'extend-stem', file: 'clip_2' }, pipelines)).toEqual({ page: 'band', query: {} })
    expect(placeOf({ pipeline: 'extend-stem' }, []).page).toBe('make') // of a server without it
  })
})
