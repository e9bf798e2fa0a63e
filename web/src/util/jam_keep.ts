// SPDX-License-Identifier: GPL-3.0-or-later
// The jams this browser began, over all its tabs: those whose tab is gone are ended before the server's
// number of jams is used up. A reload takes its own up again before that.

export interface Store {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

const key = 'riffle.jams'
const goneAfterMs = 90_000 // timers of hidden tabs run once a minute

export class JamKeep {
  constructor(private readonly store: Store, private readonly now: () => number = Date.now) {}

  touch(id: string): void {
    this.write({ ...this.read(), [id]: this.now() })
  }

  // The tab goes: from now on the jam is nobody's, unless a reload touches it.
  leave(id: string): void {
    if (id in this.read()) this.write({ ...this.read(), [id]: 0 })
  }

  forget(id: string): void {
    const jams = this.read()
    delete jams[id]
    this.write(jams)
  }

  orphans(): string[] {
    return Object.entries(this.read()).filter(([, seen]) => this.now() - seen > goneAfterMs).map(([id]) => id)
  }

  private read(): Record<string, number> {
    try {
      return JSON.parse(this.store.getItem(key) ?? '{}') as Record<string, number>
    } catch {
      return {}
    }
  }

  private write(jams: Record<string, number>): void {
    this.store.setItem(key, JSON.stringify(jams))
  }
}
