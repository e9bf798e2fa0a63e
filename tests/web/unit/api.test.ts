// SPDX-License-Identifier: GPL-3.0-or-later
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, Client, problemOf, queryString } from '../../../web/src/api/client'
import { EventHub, type Source } from '../../../web/src/api/events'

const answer = (status: number, body: string) => new Client('', () => Promise.resolve(new Response(body, { status })))

describe('Client', () => {
  it("passes on the server's words and hint", async () => {
    const problem = { type: 'about:blank', title: 'x', status: 422, code: 'bad_file', detail: 'no sound in it', hint: 'try WAV' }
    const error = await answer(422, JSON.stringify(problem)).capabilities().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ApiError)
    expect(problemOf(error)).toEqual(problem)
  })

  it('has words of its own for other answers', async () => {
    const other = await answer(502, '<html>').capabilities().catch(problemOf)
    expect(other).toMatchObject({ status: 502, detail: 'The server answered 502.' })
    const gone = await new Client('', () => Promise.reject(new TypeError('fetch failed'))).capabilities().catch(problemOf)
    expect(gone).toMatchObject({ status: 0, detail: 'The Riffle server does not answer.' })
  })

  it('leaves out of a query what is not asked for', () => {
    expect(queryString({ q: 'a b', tag: '', rating_min: 0, offset: undefined, limit: 50 })).toBe('?q=a+b&limit=50')
  })
})

class TestSource extends EventTarget implements Source {
  readyState = 0
  close() {
    this.readyState = 2
  }
  fail(readyState: number) {
    this.readyState = readyState
    this.dispatchEvent(new Event('error'))
  }
}

describe('EventHub', () => {
  afterEach(() => void vi.useRealTimers())

  it('hands events to whoever asked for them', () => {
    const source = new TestSource()
    const hub = new EventHub('/events', () => source)
    const seen: unknown[] = []
    hub.on('discard', (data) => seen.push(data))
    hub.start()
    source.dispatchEvent(new MessageEvent('discard', { data: '{"job":"jam_1","from_segment":3}' }))
    expect(seen).toEqual([{ job: 'jam_1', from_segment: 3 }])
  })

  it('leaves short breaks to the browser and tries again where it gave up', () => {
    vi.useFakeTimers()
    const sources: TestSource[] = []
    const hub = new EventHub('/events', () => {
      sources.push(new TestSource())
      return sources.at(-1)!
    })
    const told: string[] = []
    hub.watch((connection) => told.push(connection))
    hub.start()
    sources[0]!.dispatchEvent(new Event('open'))
    sources[0]!.fail(0)
    vi.advanceTimersByTime(60_000)
    expect(sources).toHaveLength(1)
    sources[0]!.fail(2)
    vi.advanceTimersByTime(600)
    expect(sources).toHaveLength(2)
    sources[1]!.dispatchEvent(new Event('open'))
    expect(told).toEqual(['connecting', 'open', 'lost', 'open'])
  })
})
