// SPDX-License-Identifier: GPL-3.0-or-later
// The band's one transport: the sounds of its lanes, which of them are heard, and the place all of them are at.
import { SvelteMap } from 'svelte/reactivity'
import { api, problemOf } from '../api/client'
import type { Clip, Problem } from '../api/types'
import { openSpeakers } from '../audio/context'
import { factorOf } from '../audio/mixdown'
import { Mixer } from '../audio/mixer'
import { heardOf, type Lane, type Span } from '../util/lanes'
import { joinPlayers, silenceOthers } from './one_at_a_time'

const standardRate = 44100

class BandPlayer {
  playing = $state(false)
  position = $state(0) // seconds
  duration = $state(0)
  loop = $state(false)
  region = $state.raw<Span | null>(null) // what goes round while it loops; null: everything
  loading = $state(0) // sounds that are on their way
  readonly problems = new SvelteMap<string, Problem>() // by clip
  private rate: number | null = null
  private buffers = new Map<string, Promise<AudioBuffer>>()
  private ready = new Map<string, AudioBuffer>()
  private lanes: Lane[] = []
  private coming: Promise<AudioBuffer>[] = []
  private wanted = 0
  private mixer: Mixer | null = null
  private context: AudioContext | null = null

  start(): void {
    joinPlayers(this, () => this.pause())
  }

  // Of all that is mixed and exported: the first sound's.
  get sampleRate(): number {
    return this.rate ?? standardRate
  }

  show(lanes: Lane[], clips: ReadonlyMap<string, Clip>): void {
    this.lanes = lanes
    const wanted = lanes.flatMap(({ chosen }) => (chosen === null ? [] : (clips.get(chosen) ?? [])))
    this.duration = Math.max(0, ...wanted.map(({ duration_s }) => duration_s))
    if (wanted.length === 0) this.forget()
    else this.rate ??= wanted[0]!.sample_rate
    this.coming = wanted.filter(({ id }) => !this.ready.has(id)).map((clip) => this.buffer(clip))
    for (const clip of wanted) {
      if (this.ready.has(clip.id)) continue
      void this.buffer(clip).then(() => this.apply(), (error: unknown) => this.problems.set(clip.id, problemOf(error)))
    }
    this.apply()
  }

  // Decoded at the band's rate, once.
  buffer(clip: Clip): Promise<AudioBuffer> {
    const known = this.buffers.get(clip.id)
    if (known) return known
    this.rate ??= clip.sample_rate
    const loading = this.load(clip)
    this.buffers.set(clip.id, loading)
    loading.catch(() => this.buffers.delete(clip.id))
    return loading
  }

  // To be called from a click: browsers let sound begin only then. What is still on its way is waited for.
  async play(): Promise<void> {
    if (this.duration === 0) return
    silenceOthers(this)
    const ticket = ++this.wanted
    const mixer = this.open()
    void this.context?.resume()
    await Promise.allSettled(this.coming)
    if (ticket !== this.wanted) return
    this.apply()
    mixer.setLoop(this.loopFrames())
    mixer.seek(Math.round(this.position * this.sampleRate))
    mixer.play()
    this.playing = mixer.isPlaying
    this.follow()
  }

  pause(): void {
    this.wanted += 1
    if (!this.playing) return
    this.mixer?.pause()
    this.playing = false
    this.place()
  }

  toggle(): void {
    if (this.playing) this.pause()
    else void this.play()
  }

  seek(seconds: number): void {
    this.position = Math.max(0, Math.min(seconds, this.duration))
    this.mixer?.seek(Math.round(this.position * this.sampleRate))
  }

  setLoop(loop: boolean): void {
    this.loop = loop
    if (this.playing) this.mixer?.setLoop(this.loopFrames())
  }

  setRegion(region: Span | null): void {
    this.region = region
    if (this.playing && this.loop) this.mixer?.setLoop(this.loopFrames())
  }

  private async load(clip: Clip): Promise<AudioBuffer> {
    this.loading += 1
    try {
      const bytes = await api.bytes(clip.audio_url)
      const buffer = await new OfflineAudioContext(1, 1, this.sampleRate).decodeAudioData(bytes).catch(() => {
        throw new Error(`The browser cannot play ${clip.title}; the server can read it all the same.`)
      })
      this.ready.set(clip.id, buffer)
      this.problems.delete(clip.id)
      return buffer
    } finally {
      this.loading -= 1
    }
  }

  private loopFrames() {
    if (!this.loop) return null
    const { from_s, to_s } = this.region ?? { from_s: 0, to_s: this.duration }
    return { from: Math.round(from_s * this.sampleRate), to: Math.round(to_s * this.sampleRate) }
  }

  private open(): Mixer {
    const speakers = openSpeakers('band', this.sampleRate)
    if (this.mixer && speakers.context === this.context) return this.mixer
    this.context = speakers.context
    this.mixer = new Mixer(speakers.context, speakers.input)
    this.mixer.onEnd = () => {
      this.playing = false
      this.position = 0
    }
    return this.mixer
  }

  private apply(): void {
    if (!this.mixer) return
    const heard = new Set(heardOf(this.lanes).map(({ id }) => id))
    this.mixer.put(this.lanes.flatMap(({ id, chosen, gain_db }) => {
      const buffer = chosen === null ? undefined : this.ready.get(chosen)
      return buffer ? [{ id, buffer, gain: heard.has(id) ? factorOf(gain_db) : 0 }] : []
    }))
    this.playing = this.mixer.isPlaying
  }

  // The last lane is gone: the next first one may have another rate.
  private forget(): void {
    this.pause()
    this.rate = null
    this.position = 0
    this.buffers.clear()
    this.ready.clear()
  }

  private place(): void {
    this.position = (this.mixer?.position() ?? 0) / this.sampleRate
  }

  // Thirty places a second are enough for a playhead.
  private follow(before = 0, now = performance.now()): void {
    if (!this.playing) return
    const due = now - before > 30
    if (due) this.place()
    requestAnimationFrame((next) => this.follow(due ? now : before, next))
  }
}

export const bandPlayer = new BandPlayer()
