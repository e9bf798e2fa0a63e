// SPDX-License-Identifier: GPL-3.0-or-later
// What is painted on a spectrogram: cells of time and height. A repaint takes a span of time and a band of
// frequencies, so what hangs together becomes the smallest such box around it.
import { heightOf, hzAt, type Band } from './mel'

export interface Box {
  from_s: number
  to_s: number
  low_hz: number | null // null: down to the bottom
  high_hz: number | null // null: up to the top
}

interface Cells {
  left: number
  right: number // one past the last
  low: number // from the bottom
  high: number
}

export const maskRows = 48
const cellS = 0.05
const mostColumns = 4000

export class Mask {
  readonly columns: number
  readonly cells: Uint8Array

  constructor(readonly durationS: number) {
    this.columns = Math.max(1, Math.min(mostColumns, Math.ceil(durationS / cellS)))
    this.cells = new Uint8Array(this.columns * maskRows)
  }

  get empty(): boolean {
    return !this.cells.includes(1)
  }

  clear(): void {
    this.cells.fill(0)
  }

  // A stroke from one place to another; x and y from 0 to 1 (y from the bottom), as are the brush's sizes.
  stroke(from: { x: number; y: number }, to: { x: number; y: number }, width: number, height: number, value: 0 | 1): void {
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(to.x - from.x) * this.columns, Math.abs(to.y - from.y) * maskRows)))
    for (let step = 0; step <= steps; step++) {
      const share = step / steps
      const x = from.x + (to.x - from.x) * share
      const y = from.y + (to.y - from.y) * share
      this.fill(x - width / 2, x + width / 2, y - height / 2, y + height / 2, value)
    }
  }

  fill(left: number, right: number, low: number, high: number, value: 0 | 1 = 1): void {
    const first = Math.max(0, Math.floor(left * this.columns + 1e-6))
    const last = Math.min(this.columns, Math.max(first + 1, Math.ceil(right * this.columns - 1e-6)))
    const bottom = Math.max(0, Math.floor(low * maskRows + 1e-6))
    const top = Math.min(maskRows, Math.max(bottom + 1, Math.ceil(high * maskRows - 1e-6)))
    for (let row = bottom; row < top; row++) this.cells.fill(value, row * this.columns + first, row * this.columns + last)
  }

  fillBox(box: Box, band: Band): void {
    const low = box.low_hz === null ? 0 : heightOf(box.low_hz, band)
    const high = box.high_hz === null ? 1 : heightOf(box.high_hz, band)
    this.fill(box.from_s / this.durationS, box.to_s / this.durationS, low, high)
  }

  // From left to right. Boxes that overlap become one.
  boxes(band: Band): Box[] {
    let found = this.components()
    for (let merged = true; merged; ) {
      merged = false
      const next: Cells[] = []
      for (const box of found) {
        const other = next.find((known) => overlap(known, box))
        if (other) {
          Object.assign(other, around(other, box))
          merged = true
        } else next.push({ ...box })
      }
      found = next
    }
    return found.sort((a, b) => a.left - b.left || a.low - b.low).map((box) => this.boxOf(box, band))
  }

  private boxOf({ left, right, low, high }: Cells, band: Band): Box {
    const seconds = (column: number) => Math.min(this.durationS, (column / this.columns) * this.durationS)
    return {
      from_s: round(seconds(left), 1000), to_s: round(seconds(right), 1000),
      low_hz: low === 0 ? null : round(hzAt(low / maskRows, band), 1),
      high_hz: high === maskRows ? null : round(hzAt(high / maskRows, band), 1),
    }
  }

  private components(): Cells[] {
    const seen = new Uint8Array(this.cells.length)
    const result: Cells[] = []
    for (let start = 0; start < this.cells.length; start++) {
      if (this.cells[start] && !seen[start]) result.push(this.component(start, seen))
    }
    return result
  }

  private component(start: number, seen: Uint8Array): Cells {
    const box: Cells = { left: this.columns, right: 0, low: maskRows, high: 0 }
    const waiting = [start]
    seen[start] = 1
    for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
      const column = cell % this.columns
      const row = (cell - column) / this.columns
      Object.assign(box, around(box, { left: column, right: column + 1, low: row, high: row + 1 }))
      for (const next of [
        column > 0 ? cell - 1 : -1, column + 1 < this.columns ? cell + 1 : -1,
        row > 0 ? cell - this.columns : -1, row + 1 < maskRows ? cell + this.columns : -1,
      ]) {
        if (next < 0 || seen[next] || !this.cells[next]) continue
        seen[next] = 1
        waiting.push(next)
      }
    }
    return box
  }
}

function overlap(a: Cells, b: Cells): boolean {
  return a.left < b.right && b.left < a.right && a.low < b.high && b.low < a.high
}

function around(a: Cells, b: Cells): Cells {
  return {
    left: Math.min(a.left, b.left), right: Math.max(a.right, b.right),
    low: Math.min(a.low, b.low), high: Math.max(a.high, b.high),
  }
}

function round(value: number, per: number): number {
  return Math.round(value * per) / per
}
