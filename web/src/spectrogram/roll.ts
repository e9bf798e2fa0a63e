// SPDX-License-Identifier: GPL-3.0-or-later
// Draws the jam as it scrolls by: what was heard to the left of the playhead, what comes to the right, and
// at the end the segment that is being denoised.
import type { Segment } from '../api/types'
import { colours, type Theme } from './palette'
import { picture } from './pictures'

export interface RollPending {
  picture_url: string | null
  fraction: number
  samples: number
  ground: string | null // picture it is made over
}

export interface RollState {
  segments: readonly Segment[]
  pending: RollPending | null
  heard: number // sample of the timeline at the playhead
  sampleRate: number
  beatsPerBar: number
  theme: Theme
  still: boolean // the picture stands, the playhead moves (reduced motion)
}

export interface RollColours {
  ink: string
  quiet: string
  accent: string
  surface: string
}

const footPx = 22
const headPx = 26

export class Roll {
  private lastPreview: HTMLCanvasElement | null = null
  private previewOf = ''
  private again: () => void

  constructor(private readonly canvas: HTMLCanvasElement, again: () => void) {
    this.again = again
  }

  draw(state: RollState, ink: RollColours): void {
    const { clientWidth: width, clientHeight: height } = this.canvas
    const ratio = Math.min(window.devicePixelRatio || 1, 2)
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio)
      this.canvas.height = Math.round(height * ratio)
    }
    const context = this.canvas.getContext('2d')!
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.fillStyle = css(colours(state.theme)[255]!)
    context.fillRect(0, 0, width, height)

    const perSample = Math.max(52, Math.min(112, width / 13)) / state.sampleRate
    const head = Math.round(width * (width < 600 ? 0.28 : 0.36))
    const left = state.still ? this.standing(state) : state.heard
    const place = (sample: number) => head + (sample - left) * perSample
    const playhead = state.still ? place(state.heard) : head

    this.drawSegments(context, state, place, perSample, width, height)
    if (state.pending) this.drawPending(context, state, place, perSample, height, ink)
    context.globalAlpha = 0.5
    context.fillStyle = css(colours(state.theme)[255]!)
    context.fillRect(0, headPx, playhead, height - headPx - footPx)
    context.globalAlpha = 1
    this.drawBeats(context, state, place, width, height, ink)
    this.drawPrompts(context, state, place, width, ink)
    context.fillStyle = ink.accent
    context.fillRect(playhead - 1, headPx - 6, 2, height - headPx - footPx + 12)
  }

  private standing(state: RollState): number {
    const now = state.segments.find(({ start_sample, samples }) => state.heard < start_sample + samples)
    return now?.start_sample ?? state.heard
  }

  private drawSegments(context: CanvasRenderingContext2D, state: RollState, place: (sample: number) => number,
    perSample: number, width: number, height: number): void {
    context.imageSmoothingEnabled = true
    for (const segment of state.segments) {
      const x = place(segment.start_sample)
      const w = segment.samples * perSample
      if (x > width || x + w < 0) continue
      const image = picture(segment.picture_url, state.theme, this.again)
      if (image) context.drawImage(image, x, headPx, w, height - headPx - footPx)
    }
  }

  private drawPending(context: CanvasRenderingContext2D, state: RollState, place: (sample: number) => number,
    perSample: number, height: number, ink: RollColours): void {
    const { picture_url: url, fraction, samples, ground } = state.pending!
    const newest = state.segments.at(-1)
    const x = place(newest ? newest.start_sample + newest.samples : 0)
    const w = samples * perSample
    const tall = height - headPx - footPx
    if (url !== this.previewOf) {
      const fresh = url ? picture(url, state.theme, this.again) : null
      if (fresh || !url) {
        this.lastPreview = fresh
        this.previewOf = url ?? ''
      }
    }
    const under = this.lastPreview ?? (ground ? picture(ground, state.theme, this.again) : null)
    if (under) {
      context.globalAlpha = this.lastPreview ? 0.9 : 0.35
      context.drawImage(under, x, headPx, w, tall)
      context.globalAlpha = 1
    }
    context.strokeStyle = ink.quiet
    context.setLineDash([3, 4])
    context.strokeRect(x + 0.5, headPx + 0.5, w - 1, tall - 1)
    context.setLineDash([])
    context.fillStyle = ink.accent
    context.fillRect(x, headPx + tall - 3, w * fraction, 3)
  }

  private drawBeats(context: CanvasRenderingContext2D, state: RollState, place: (sample: number) => number,
    width: number, height: number, ink: RollColours): void {
    context.fillStyle = ink.quiet
    const top = height - footPx + 5
    for (const segment of state.segments) {
      for (let beat = 0; beat < segment.beats; beat++) {
        const x = Math.round(place(segment.first_beat_sample + (beat * segment.samples) / segment.beats))
        if (x < 0 || x > width) continue
        const bar = beat % state.beatsPerBar === 0
        context.globalAlpha = bar ? 1 : 0.5
        context.fillRect(x, top, bar ? 2 : 1, bar ? 11 : 6)
      }
    }
    context.globalAlpha = 1
  }

  private drawPrompts(context: CanvasRenderingContext2D, state: RollState, place: (sample: number) => number,
    width: number, ink: RollColours): void {
    context.font = `italic 15px ${getComputedStyle(this.canvas).getPropertyValue('--said') || 'serif'}`
    context.textBaseline = 'middle'
    let before = ''
    let edge = -Infinity
    const marks = state.segments.flatMap((segment) => {
      const prompt = segment.request.alpha > 0 ? segment.request.to : segment.request.prompt
      if (prompt === before) return []
      before = prompt
      return [{ x: place(segment.start_sample), prompt }]
    })
    marks.forEach(({ x, prompt }, i) => {
      const next = marks[i + 1]?.x ?? Infinity
      const at = Math.max(x, Math.min(12, next - context.measureText(prompt).width - 16), edge)
      if (at > width || next < 0) return
      context.fillStyle = ink.quiet
      if (x > 0) context.fillRect(x, headPx - 20, 1, 20)
      context.fillStyle = ink.ink
      context.fillText(prompt, at + 6, headPx / 2, Math.max(60, width - at - 12))
      edge = at + context.measureText(prompt).width + 22
    })
  }
}

function css(colour: number): string {
  return `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`
}
