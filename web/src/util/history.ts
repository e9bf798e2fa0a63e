// SPDX-License-Identifier: GPL-3.0-or-later
// States to go back to and forward again. States are never changed in place.

const kept = 60

export class History<T> {
  private past: T[] = []
  private future: T[] = []

  get canUndo(): boolean {
    return this.past.length > 0
  }

  get canRedo(): boolean {
    return this.future.length > 0
  }

  // Before a change: what it was.
  push(state: T): void {
    this.past = [...this.past, state].slice(-kept)
    this.future = []
  }

  undo(now: T): T {
    const state = this.past.at(-1)
    if (state === undefined) return now
    this.past = this.past.slice(0, -1)
    this.future = [...this.future, now]
    return state
  }

  redo(now: T): T {
    const state = this.future.at(-1)
    if (state === undefined) return now
    this.future = this.future.slice(0, -1)
    this.past = [...this.past, now]
    return state
  }

  // What came meanwhile is in every state.
  amend(change: (state: T) => T): void {
    this.past = this.past.map(change)
    this.future = this.future.map(change)
  }
}
