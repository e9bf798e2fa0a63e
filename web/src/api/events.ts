// SPDX-License-Identifier: GPL-3.0-or-later
// One connection for the events of all jobs and jams (a browser opens few connections to one host).
// EventSource itself reconnects with Last-Event-ID; where it gives up, this tries again.
import { eventNames, type EventMap, type EventName } from './types'

export type Connection = 'connecting' | 'open' | 'lost'
type Handler<N extends EventName> = (data: EventMap[N]) => void

export interface Source {
  readyState: number
  close(): void
  addEventListener(name: string, listener: (event: Event) => void): void
}
export type OpenSource = (url: string) => Source

const closed = 2 // EventSource.CLOSED
const longestPauseMs = 15_000

export class EventHub {
  private handlers = new Map<EventName, Set<Handler<never>>>()
  private watchers = new Set<(connection: Connection) => void>()
  private source: Source | null = null
  private retry: ReturnType<typeof setTimeout> | null = null
  private pauseMs = 500
  connection: Connection = 'connecting'

  constructor(
    private readonly url: string,
    private readonly open: OpenSource = (address) => new EventSource(address),
  ) {}

  on<N extends EventName>(name: N, handler: Handler<N>): () => void {
    const set = this.handlers.get(name) ?? new Set()
    set.add(handler as Handler<never>)
    this.handlers.set(name, set)
    return () => set.delete(handler as Handler<never>)
  }

  watch(watcher: (connection: Connection) => void): () => void {
    this.watchers.add(watcher)
    watcher(this.connection)
    return () => this.watchers.delete(watcher)
  }

  start(): void {
    if (this.source) return
    const source = this.open(this.url)
    this.source = source
    source.addEventListener('open', () => {
      this.pauseMs = 500
      this.tell('open')
    })
    source.addEventListener('error', () => {
      this.tell('lost')
      if (source.readyState === closed) this.again(source)
    })
    for (const name of eventNames) {
      source.addEventListener(name, (event) => this.emit(name, (event as MessageEvent<string>).data))
    }
  }

  stop(): void {
    if (this.retry) clearTimeout(this.retry)
    this.retry = null
    this.source?.close()
    this.source = null
  }

  private again(source: Source): void {
    if (this.source !== source) return
    this.source = null
    source.close()
    this.retry = setTimeout(() => this.start(), this.pauseMs)
    this.pauseMs = Math.min(this.pauseMs * 2, longestPauseMs)
  }

  private emit(name: EventName, text: string): void {
    if (!text) return
    const data = JSON.parse(text) as never
    for (const handler of this.handlers.get(name) ?? []) handler(data)
  }

  private tell(connection: Connection): void {
    if (connection === this.connection) return
    this.connection = connection
    for (const watcher of this.watchers) watcher(connection)
  }
}

export const events = new EventHub('/api/v1/events')
