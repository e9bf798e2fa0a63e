// SPDX-License-Identifier: GPL-3.0-or-later
// The band: its lanes, the jobs that make them, and what undo goes back to. Kept over a reload.
import { SvelteMap } from 'svelte/reactivity'
import { api, ApiError, problemOf } from '../api/client'
import { events } from '../api/events'
import type { Clip, Job, Problem, Request } from '../api/types'
import { factorOf, mixdown, peakOf } from '../audio/mixdown'
import { encodeWav } from '../audio/wav'
import { History } from '../util/history'
import { changed, freeName, laneOf, newLane, othersHeard, withoutTake, withTake, type Lane, type Span } from '../util/lanes'
import { planOf, type Track } from '../util/plan'
import { uploadSound, type Source } from '../util/transfer'
import { bandPlayer } from './band_player.svelte'
import { jobs } from './jobs.svelte'
import { studio } from './studio.svelte'

const key = 'riffle.band'
const pageKey = 'band'

export interface Composing {
  job: string
  tracks: Track[]
}

interface Saved {
  lanes: unknown[]
  bpm: number | null
  composing: Composing | null
}

// What was deleted is no longer there; anything else is a failure.
function ifGone(error: unknown): null {
  if (error instanceof ApiError && (error.problem.status === 404 || error.problem.status === 410)) return null
  throw error
}

class Band {
  lanes = $state.raw<Lane[]>([])
  readonly clips = new SvelteMap<string, Clip>()
  bpm = $state<number | null>(null)
  open = $state<string | null>(null) // the lane whose tools are shown
  selection = $state.raw<Span | null>(null)
  composing = $state.raw<Composing | null>(null)
  preparing = $state(false) // the music to fit is mixed and brought to the server
  problem = $state.raw<Problem | null>(null)
  canUndo = $state(false)
  canRedo = $state(false)
  private restored = false
  private history = new History<Lane[]>()
  private count = 0
  private mixes = new Map<string, string>() // uploads of mixes, by what is in them

  clipOf(lane: Lane): Clip | null {
    return lane.chosen === null ? null : (this.clips.get(lane.chosen) ?? null)
  }

  get duration(): number {
    return Math.max(0, ...this.lanes.map((lane) => this.clipOf(lane)?.duration_s ?? 0))
  }

  // The recording itself becomes a lane.
  async addSource(source: Source): Promise<void> {
    await this.guard(async () => {
      const clip = source.clip ?? (await api.keepUpload(source.id, source.title.replace(/\.\w{2,4}$/, '')))
      this.clips.set(clip.id, clip)
      this.bpm ??= clip.bpm
      this.remember()
      const lane = newLane({ id: this.freshId(), name: freeName(this.lanes, clip.title), wish: clip.prompt, takes: [clip.id], chosen: clip.id })
      this.put([...this.lanes, lane])
    })
  }

  // A lane that fits what is heard; alone, where nothing is.
  async addLane(request: Request, like: Source | null, seconds: number): Promise<void> {
    await this.guard(async () => {
      const context = await this.contextFor(null)
      const wish = String(request.prompt ?? '')
      const name = freeName(this.lanes, wish || (like ? `like ${like.title}` : 'surprise'))
      const job = await this.submit(name, this.playing(request, context, like?.id ?? null, this.duration || seconds))
      this.remember()
      this.put([...this.lanes, newLane({ id: this.freshId(), name, wish, like: like?.id ?? null, jobs: [job.id] })])
      void this.follow(this.lanes.at(-1)!.id, job.id)
    })
  }

  // Other takes of a lane: made anew, varied, or with a span of time made anew.
  async again(lane: Lane, request: Request): Promise<void> {
    await this.guard(async () => {
      const context = await this.contextFor(lane.id)
      this.put(changed(this.lanes, lane.id, (known) => ({ ...known, wish: String(request.prompt ?? '') })))
      await this.make(lane, this.playing(request, context, lane.like, this.clipOf(lane)?.duration_s ?? this.duration))
    })
  }

  // A take made of the chosen one.
  async edit(lane: Lane, pipeline: string, request: Request): Promise<void> {
    await this.guard(async () => {
      const file = lane.chosen
      if (file === null) return
      const context = await this.contextFor(lane.id)
      const fits = { ...(lane.like !== null && { like: lane.like }), ...(context !== null && { context }) }
      await this.make(lane, { pipeline, request: { ...request, ...fits, file } })
    })
  }

  // Takes on the way from how the chosen one sounds to how another clip does, or to what the request says.
  async wayTo(lane: Lane, to: string | null, request: Request): Promise<void> {
    await this.guard(async () => {
      const from = lane.chosen
      if (from === null) return
      const context = await this.contextFor(lane.id)
      const length: Request = context !== null ? { context } : { seconds: this.clipOf(lane)?.duration_s ?? this.duration }
      await this.make(lane, { pipeline: 'interpolate', request: { ...request, ...length, from, ...(to !== null && { to }) } })
    })
  }

  async compose(tracks: Track[], request: Request): Promise<void> {
    await this.guard(async () => {
      const context = await this.contextFor(null)
      const plan = planOf(tracks)
      const job = await this.submit('Composition', { pipeline: 'compose', request: { ...request, plan, ...(context !== null && { context }) } })
      this.composing = { job: job.id, tracks }
      this.save()
      void this.followComposition()
    })
  }

  // The same once more, for what failed or was cancelled.
  async retry(lane: Lane, job: Job): Promise<void> {
    await this.guard(async () => {
      await this.make(lane, { pipeline: job.pipeline, request: job.request })
      this.putAway(lane.id, job.id)
    })
  }

  async retryComposition(job: Job): Promise<void> {
    await this.guard(async () => {
      const again = await this.submit('Composition', { pipeline: job.pipeline, request: job.request })
      this.composing = { job: again.id, tracks: this.composing?.tracks ?? [] }
      this.save()
      void this.followComposition()
    })
  }

  putAway(lane: string, job: string): void {
    const without = (known: Lane) => ({ ...known, jobs: known.jobs.filter((id) => id !== job) })
    this.everywhere((lanes) => changed(lanes, lane, without))
    // A lane of which nothing was made, and nothing is being made, is none.
    this.put(this.lanes.filter(({ id, takes, jobs: left }) => id !== lane || takes.length > 0 || left.length > 0))
  }

  dropComposition(): void {
    this.composing = null
    this.save()
  }

  // Gains, mute, solo and names are not in the history: they lose nothing.
  adjust(id: string, change: Partial<Pick<Lane, 'gain_db' | 'muted' | 'solo' | 'name'>>): void {
    this.everywhere((lanes) => changed(lanes, id, (lane) => ({ ...lane, ...change })))
  }

  setBpm(bpm: number | null): void {
    this.bpm = bpm
    this.save()
  }

  choose(id: string, clip: string): void {
    this.remember()
    this.put(changed(this.lanes, id, (lane) => ({ ...lane, chosen: clip })))
  }

  dropTake(id: string, clip: string): void {
    this.remember()
    this.put(changed(this.lanes, id, (lane) => withoutTake(lane, clip)).filter(({ takes, jobs: left }) => takes.length + left.length > 0))
  }

  remove(id: string): void {
    const lane = this.lanes.find((known) => known.id === id)
    if (!lane) return
    this.remember()
    for (const job of lane.jobs) this.cancel(job)
    this.put(this.lanes.filter((known) => known.id !== id))
    if (this.open === id) this.open = null
  }

  clear(): void {
    this.remember()
    for (const job of this.lanes.flatMap((lane) => lane.jobs)) this.cancel(job)
    this.put([])
    this.open = null
    this.select(null)
  }

  undo(): void {
    this.put(this.history.undo(this.lanes))
  }

  redo(): void {
    this.put(this.history.redo(this.lanes))
  }

  select(span: Span | null): void {
    this.selection = span
    bandPlayer.setRegion(span)
  }

  // What is heard of the other lanes, as one file the server has: the clip itself where it is only one, a mix of
  // them otherwise. Null: nothing is heard.
  private async contextFor(lane: string | null): Promise<string | null> {
    const heard = othersHeard(this.lanes, lane)
    if (heard.length === 0) return null
    const first = this.clipOf(heard[0]!)
    if (heard.length === 1 && heard[0]!.gain_db === 0 && first && Math.abs(first.duration_s - this.duration) < 1e-4) return first.id
    const name = heard.map(({ chosen, gain_db }) => `${chosen} ${gain_db}`).join(', ')
    const known = this.mixes.get(name)
    if (known) return known
    this.preparing = true
    try {
      const buffers = await Promise.all(heard.map((each) => bandPlayer.buffer(this.clipOf(each)!)))
      const parts = buffers.map((buffer, i) => ({
        channels: Array.from({ length: buffer.numberOfChannels }, (_, channel) => buffer.getChannelData(channel)),
        gain: factorOf(heard[i]!.gain_db),
      }))
      const frames = Math.round(this.duration * bandPlayer.sampleRate)
      const sound = mixdown(parts, frames, bandPlayer.sampleRate)
      const bits = peakOf(sound.channels) > 0.999 ? 32 : 24
      const upload = await uploadSound(new File([encodeWav(sound, bits)], `mix of ${heard.map((each) => each.name).join(', ')}.wav`, { type: 'audio/wav' }))
      this.mixes.set(name, upload.id)
      return upload.id
    } finally {
      this.preparing = false
    }
  }

  private playing(request: Request, context: string | null, like: string | null, seconds: number): { pipeline: string; request: Request } {
    const wished = { ...request, ...(like !== null && { like }) }
    if (context !== null) return { pipeline: 'accompany', request: { ...wished, context } }
    return { pipeline: 'solo', request: { seconds, ...wished } }
  }

  private submit(title: string, job: { pipeline: string; request: Request }): Promise<Job> {
    return jobs.submit(pageKey, { ...job, title, tags: ['band'] })
  }

  private async make(lane: Lane, about: { pipeline: string; request: Request }): Promise<void> {
    const job = await this.submit(lane.name, about)
    this.everywhere((lanes) => changed(lanes, lane.id, (known) => ({ ...known, jobs: [...known.jobs, job.id] })))
    void this.follow(lane.id, job.id)
  }

  private async follow(lane: string, id: string): Promise<void> {
    const off = events.on('clip', ({ job, clip }) => job === id && this.arrive(lane, clip))
    for (const clip of jobs.all.get(id)?.clips ?? []) this.arrive(lane, clip)
    const job = await jobs.ended(id)
    off()
    for (const clip of job.clips) this.arrive(lane, clip)
    if (job.state !== 'done') return
    const without = (known: Lane) => ({ ...known, jobs: known.jobs.filter((other) => other !== id) })
    this.everywhere((lanes) => changed(lanes, lane, without))
  }

  // The first take of a job is chosen, so that it is heard; the one before is an undo away.
  private arrive(id: string, clip: Clip): void {
    const lane = this.lanes.find((known) => known.id === id)
    if (clip.part.role === 'mix' || lane?.takes.includes(clip.id)) return
    this.clips.set(clip.id, clip)
    const first = !lane?.takes.some((take) => this.clips.get(take)?.job === clip.job)
    if (lane && lane.chosen !== null && first) this.remember()
    this.history.amend((lanes) => changed(lanes, id, (known) => withTake(known, clip.id, false)))
    this.put(changed(this.lanes, id, (known) => withTake(known, clip.id, first)))
  }

  private async followComposition(): Promise<void> {
    const composing = this.composing
    if (!composing) return
    const job = await jobs.ended(composing.job)
    if (this.composing?.job !== composing.job || job.state !== 'done') return
    const stems = job.clips.filter(({ part }) => part.role === 'stem')
    this.remember()
    const lanes = [...this.lanes]
    stems.forEach((clip, place) => {
      this.clips.set(clip.id, clip)
      const name = freeName(lanes, clip.part.name || clip.title)
      const wish = composing.tracks[place]?.prompt ?? clip.prompt
      lanes.push(newLane({ id: this.freshId(), name, wish, like: composing.tracks[place]?.like ?? null, takes: [clip.id], chosen: clip.id }))
    })
    this.composing = null
    this.bpm ??= stems[0]?.bpm ?? null
    this.put(lanes)
  }

  private async guard(work: () => Promise<void>): Promise<void> {
    this.problem = null
    try {
      await work()
    } catch (error) {
      this.problem = problemOf(error)
    }
  }

  private cancel(id: string): void {
    const state = jobs.all.get(id)?.state
    if (state === 'queued' || state === 'running') void jobs.cancel(id).catch((error: unknown) => studio.complain(error))
  }

  private freshId(): string {
    return `lane_${Date.now().toString(36)}_${++this.count}`
  }

  private remember(): void {
    this.history.push(this.lanes)
  }

  private everywhere(change: (lanes: Lane[]) => Lane[]): void {
    this.history.amend(change)
    this.put(change(this.lanes))
  }

  private put(lanes: Lane[]): void {
    this.lanes = lanes
    this.canUndo = this.history.canUndo
    this.canRedo = this.history.canRedo
    bandPlayer.show(lanes, this.clips)
    this.save()
  }

  // This tab's band, and the last one of all tabs for a tab that has none yet.
  private save(): void {
    const text = JSON.stringify({ lanes: this.lanes, bpm: this.bpm, composing: this.composing } satisfies Saved)
    sessionStorage.setItem(key, text)
    localStorage.setItem(key, text)
  }

  async restore(): Promise<void> {
    if (this.restored) return
    this.restored = true
    try {
      const saved = JSON.parse(sessionStorage.getItem(key) ?? localStorage.getItem(key) ?? '{}') as Partial<Saved>
      const lanes = (saved.lanes ?? []).flatMap((lane) => laneOf(lane) ?? [])
      const found = await Promise.all(lanes.map((lane) => this.found(lane)))
      this.bpm = typeof saved.bpm === 'number' ? saved.bpm : null
      this.composing = saved.composing && (await jobs.find(saved.composing.job)) ? saved.composing : null
      this.put([...found.filter((lane) => lane !== null), ...this.lanes])
      for (const lane of this.lanes) for (const job of lane.jobs) void this.follow(lane.id, job)
      void this.followComposition()
    } catch (error) {
      this.restored = false
      this.problem = problemOf(error)
    }
  }

  // A saved lane with what the server still has of it.
  private async found(lane: Lane): Promise<Lane | null> {
    const clips = await Promise.all(lane.takes.map((id) => api.clip(id).catch(ifGone)))
    const known = await Promise.all(lane.jobs.map((id) => jobs.find(id)))
    for (const clip of clips) if (clip) this.clips.set(clip.id, clip)
    const takes = clips.flatMap((clip) => clip?.id ?? [])
    const left = known.flatMap((job) => (job ? [job.id] : []))
    if (takes.length === 0 && left.length === 0) return null
    return { ...lane, takes, jobs: left, chosen: lane.chosen !== null && takes.includes(lane.chosen) ? lane.chosen : (takes[0] ?? null) }
  }
}

export const band = new Band()
