// SPDX-License-Identifier: GPL-3.0-or-later
// The jam that plays: the server makes its segments, the player puts them on the clock, this keeps both
// together and survives a reload.
import { api, ApiError, problemOf } from '../api/client'
import { events } from '../api/events'
import type {
  Clip, Jam, JamPatch, PreviewEvent, Problem, Progress, Segment, SeedImage,
} from '../api/types'
import { openSpeakers, type Speakers } from '../audio/context'
import { JamPlayer } from '../audio/jam_player'
import { WebOutput } from '../audio/output'
import { decodeWav } from '../audio/wav'
import { JamKeep } from '../util/jam_keep'
import { momentLink, type JamStart } from '../util/route'
import { joinPlayers, silenceOthers } from './one_at_a_time'
import { studio } from './studio.svelte'

export interface Pending {
  index: number
  revision: number
  picture_url: string | null
  progress: Progress | null
}

const jamKey = 'riffle.jam'
const tickMs = 40
const keep = new JamKeep(localStorage)
const touchMs = 10_000

class JamStore {
  jam = $state.raw<Jam | null>(null)
  segments = $state.raw<Segment[]>([])
  pending = $state.raw<Pending | null>(null)
  opening = $state(false)
  playing = $state(false)
  holding = $state(false) // the last bar again: the next segment is late
  nowPlaying = $state<number | null>(null)
  problem = $state.raw<Problem | null>(null)
  player: JamPlayer | null = null
  private speakers: Speakers | null = null
  private timer: ReturnType<typeof setInterval> | null = null
  private firstIndex = 0

  start(): void {
    events.on('state', ({ jam }) => jam && this.take(jam))
    events.on('end', ({ jam }) => jam && this.take(jam))
    events.on('progress', ({ job, segment, progress }) => {
      if (job === this.jam?.id && segment !== null) this.show(segment, { progress })
    })
    events.on('preview', (preview) => this.preview(preview))
    events.on('segment', ({ job, segment }) => {
      if (job === this.jam?.id) void this.receive(segment)
    })
    events.on('discard', ({ job, from_segment }) => {
      if (job === this.jam?.id) this.discard(from_segment)
    })
    events.watch((connection) => {
      if (connection === 'open' && this.jam) void this.catchUp()
    })
    joinPlayers(this, () => void this.pause())
    setInterval(() => this.jam && !this.over && keep.touch(this.jam.id), touchMs)
    window.addEventListener('pagehide', () => this.jam && keep.leave(this.jam.id))
    document.addEventListener('visibilitychange', () => {
      // Timers of hidden pages are slow: decide earlier there.
      if (this.player) this.player.holdS = document.hidden ? 2.5 : 0.3
    })
  }

  get seed(): SeedImage | null {
    return studio.capabilities?.seed_images.find(({ id }) => id === this.jam?.seed_image) ?? null
  }

  get segment(): Segment | null {
    return this.segments.find(({ index }) => index === this.nowPlaying) ?? null
  }

  get over(): boolean {
    return this.jam !== null && ['done', 'failed', 'cancelled'].includes(this.jam.state)
  }

  // The jam of before a reload, or a new one.
  async open(start: JamStart, fresh: boolean): Promise<void> {
    if (this.opening) return
    this.opening = true
    this.problem = null
    try {
      const old = fresh ? null : await this.remembered()
      if (old) await this.adopt(old, Math.max(0, old.played))
      else await this.begin(start)
    } catch (error) {
      this.problem = problemOf(error)
    }
    this.opening = false
  }

  // One that is over begins anew, as it was.
  async again(): Promise<void> {
    if (!this.jam) return
    const { prompt, seed, seed_image, denoising, bpm } = this.jam
    await this.open({ prompt, seed, seed_image, denoising, bpm }, true)
  }

  private async begin(start: JamStart): Promise<void> {
    const before = this.jam
    this.silence()
    this.jam = null
    if (before && !['done', 'failed', 'cancelled'].includes(before.state)) await api.endJam(before.id).catch(() => {})
    await this.endOrphans()
    const jam = await api.startJam({
      prompt: start.prompt!, seed: start.seed, seed_image: start.seed_image, denoising: start.denoising, bpm: start.bpm,
    })
    sessionStorage.setItem(jamKey, jam.id)
    await this.adopt(jam, 0)
  }

  private async endOrphans(): Promise<void> {
    const orphans = keep.orphans()
    for (const id of orphans) keep.forget(id)
    await Promise.all(orphans.map((id) => api.endJam(id).catch(() => {})))
  }

  private async remembered(): Promise<Jam | null> {
    const id = sessionStorage.getItem(jamKey)
    if (!id) return null
    const jam = await api.jam(id).catch((error: unknown) => {
      if (error instanceof ApiError && error.problem.status !== 0) return null
      throw error
    })
    return jam && ['queued', 'running', 'paused'].includes(jam.state) ? jam : null
  }

  private async adopt(jam: Jam, from: number): Promise<void> {
    this.silence()
    this.speakers = openSpeakers('jam', jam.sample_rate)
    this.firstIndex = Math.max(from, jam.first_segment)
    this.player = new JamPlayer(new WebOutput(this.speakers.context, this.speakers.input), {
      beatsPerBar: jam.beats_per_bar,
      onBegin: (stretch) => {
        this.holding = stretch.repeat
        this.nowPlaying = stretch.index
        if (!stretch.repeat) void this.tellPlayed(stretch.index)
      },
    })
    this.jam = jam
    keep.touch(jam.id)
    await this.catchUp()
  }

  async play(): Promise<void> {
    if (!this.player || !this.speakers) return
    silenceOthers(this)
    await this.speakers.context.resume()
    if (!this.player.started) this.player.start(this.firstIndex)
    this.playing = true
    this.timer ??= setInterval(() => this.tick(), tickMs)
    if (this.jam?.state === 'paused') await this.change({ paused: false })
  }

  // Only the loudspeakers stop: the server makes no more than `ahead` anyway.
  async pause(): Promise<void> {
    if (!this.playing) return
    this.playing = false
    if (this.timer) clearInterval(this.timer)
    this.timer = null
    await this.speakers?.context.suspend()
  }

  async change(patch: JamPatch, soon = false): Promise<void> {
    if (!this.jam) return
    const from = soon ? this.changeableFrom() : null
    try {
      this.take(await api.changeJam(this.jam.id, from === null ? patch : { ...patch, from_segment: from }))
    } catch (error) {
      studio.complain(error)
    }
  }

  next(prompt: string): Promise<void> {
    return this.change({ prompt }, true)
  }

  enqueue(prompt: string): Promise<void> {
    return this.change({ queue: [...(this.jam?.queue ?? []), prompt] })
  }

  unqueue(place: number): Promise<void> {
    return this.change({ queue: (this.jam?.queue ?? []).filter((_, i) => i !== place) })
  }

  async save(seconds: number): Promise<Clip | null> {
    if (!this.jam) return null
    try {
      return await api.saveJam(this.jam.id, { last_s: seconds, title: this.jam.prompt, tags: ['jam'] })
    } catch (error) {
      studio.complain(error)
      return null
    }
  }

  link(): string {
    const { origin, pathname } = location
    return this.jam ? origin + pathname + momentLink(this.jam, this.segment) : location.href
  }

  // Sample of the timeline that is heard now; null before the first.
  heardSample(): number | null {
    if (!this.player || !this.speakers) return null
    const { context } = this.speakers
    const latency = 'outputLatency' in context ? context.outputLatency : 0
    const clock = (context.currentTime - latency) * context.sampleRate
    return this.player.position(Math.max(0, clock))?.sample ?? null
  }

  private changeableFrom(): number | null {
    const madeS = this.segments.at(-1)?.made_s ?? 5
    if (!this.player || !this.playing) return this.player?.started ? this.afterHeard() : this.firstIndex
    return this.player.firstChangeable(madeS)
  }

  private afterHeard(): number {
    return (this.nowPlaying ?? this.firstIndex - 1) + 1
  }

  private tick(): void {
    if (!this.player) return
    this.player.hold = !this.over
    this.player.tick()
    if (this.over && this.player.aheadS() === 0) void this.pause()
  }

  private take(jam: Jam): void {
    if (jam.id !== this.jam?.id) return
    this.jam = jam
    if (jam.error) this.problem = jam.error
    if (jam.state === 'running' && jam.waiting) this.pending = null
  }

  private async tellPlayed(index: number): Promise<void> {
    if (!this.jam) return
    try {
      this.take(await api.played(this.jam.id, index))
    } catch (error) {
      // Not reachable: the connection's own notice says so, and the next segment tells again.
      if (error instanceof ApiError && error.problem.status !== 0) this.problem = error.problem
    }
  }

  private preview({ job, segment, revision, picture_url }: PreviewEvent): void {
    if (job === this.jam?.id && segment !== null) this.show(segment, { picture_url, revision: revision ?? 0 })
  }

  private show(index: number, what: Partial<Pending>): void {
    if (this.segments.some((segment) => segment.index === index)) return
    const same = this.pending?.index === index ? this.pending : { index, revision: 0, picture_url: null, progress: null }
    this.pending = { ...same, ...what }
  }

  private async catchUp(): Promise<void> {
    const jam = this.jam
    if (!jam) return
    try {
      const kept = await api.segments(jam.id, this.segments.at(-1)?.index ?? this.firstIndex)
      for (const segment of kept) await this.receive(segment)
    } catch (error) {
      if (error instanceof ApiError && error.problem.status === 404) this.problem = error.problem
    }
  }

  private async receive(segment: Segment): Promise<void> {
    const player = this.player
    if (!player || segment.index < this.firstIndex || player.has(segment.index, segment.revision)) return
    const older = this.segments.filter(({ index }) => index !== segment.index)
    this.segments = [...older, segment].sort((a, b) => a.index - b.index).slice(-48)
    if (this.pending && this.pending.index <= segment.index) this.pending = null
    try {
      const { channels } = decodeWav(await api.bytes(segment.url))
      const valid = this.segments.some(({ index, revision }) => index === segment.index && revision === segment.revision)
      if (valid && player === this.player) player.add(segment, channels)
    } catch (error) {
      if (player === this.player) studio.complain(error)
    }
  }

  private discard(from: number): void {
    this.player?.discard(from)
    const last = this.player?.stretches.at(-1)?.index ?? -1
    this.segments = this.segments.filter(({ index }) => index < from || index <= last)
    this.pending = null
  }

  private silence(): void {
    void this.pause()
    this.player?.stop()
    this.player = null
    this.segments = []
    this.pending = null
    this.nowPlaying = null
    this.holding = false
  }
}

export const jamStore = new JamStore()
