// SPDX-License-Identifier: GPL-3.0-or-later
// Server-Sent Events with replay by Last-Event-ID.
import type { IncomingMessage, ServerResponse } from 'node:http'

interface Entry {
  id: number
  name: string
  data: string
}

export class Events {
  private entries: Entry[] = []
  private listeners = new Set<ServerResponse>()
  private next = 1
  reconnects: string[] = [] // the Last-Event-IDs that came

  send(name: string, payload: unknown): void {
    const entry = { id: this.next++, name, data: JSON.stringify(payload) }
    this.entries.push(entry)
    if (this.entries.length > 1000) this.entries.shift()
    for (const listener of this.listeners) this.write(listener, entry)
  }

  // `states`: what a fresh connection is told first.
  listen(request: IncomingMessage, response: ServerResponse, states: () => unknown[]): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const last = request.headers['last-event-id']
    if (typeof last === 'string') {
      this.reconnects.push(last)
      for (const entry of this.entries) if (entry.id > Number(last)) this.write(response, entry)
    } else {
      for (const state of states()) {
        this.write(response, { id: this.next - 1, name: 'state', data: JSON.stringify(state) })
      }
    }
    response.write(': ping\n\n')
    this.listeners.add(response)
    request.on('close', () => this.listeners.delete(response))
  }

  // As when the network breaks: browsers connect again.
  drop(): void {
    for (const listener of this.listeners) listener.destroy()
    this.listeners.clear()
  }

  private write(response: ServerResponse, entry: Entry): void {
    response.write(`id: ${entry.id}\nevent: ${entry.name}\ndata: ${entry.data}\n\n`)
  }
}
