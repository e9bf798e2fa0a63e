// SPDX-License-Identifier: GPL-3.0-or-later
// The one player of clips, with its place on the screen: what is on it, which is heard, where it is.
import { api } from '../api/client'
import { openSpeakers, type Speakers } from '../audio/context'
import { Deck } from '../audio/deck'
import { joinPlayers, silenceOthers } from './one_at_a_time'
import { studio } from './studio.svelte'

export interface Playable {
  id: string
  title: string
  audio_url: string
  level?: number // a factor, 1 where nothing is said
}

class DeckStore {
  tracks = $state.raw<Playable[]>([])
  current = $state<string | null>(null)
  playing = $state(false)
  loop = $state(false)
  position = $state(0)
  duration = $state(0)
  loading = $state<string | null>(null)
  private deck: Deck | null = null
  private speakers: Speakers | null = null
  private buffers = new Map<string, AudioBuffer>()
  private wanted = 0

  start(): void {
    joinPlayers(this, () => this.pause())
  }

  // Plays a clip, stops it, or changes to it where it runs beside the one that is heard.
  async toggle(clip: Playable, beside: Playable[] = [clip]): Promise<void> {
    if (this.current === clip.id && this.playing) return this.pause()
    const together = this.current !== null && beside.some(({ id }) => id === this.current)
    this.put(beside)
    await this.hear(clip.id)
    if (this.current !== clip.id || (this.playing && together)) return
    if (!together) this.seek(0)
    this.play()
  }

  // The clips that are to run side by side. Those that stay keep running.
  put(clips: Playable[]): void {
    const gone = this.tracks.filter(({ id }) => !clips.some((clip) => clip.id === id))
    for (const { id } of gone) this.deck?.remove(id)
    this.tracks = clips
    if (this.current !== null && gone.some(({ id }) => id === this.current)) {
      this.pause()
      this.deck?.clear()
      this.current = null
      this.position = 0
      this.duration = 0
    }
  }

  async hear(id: string): Promise<void> {
    const ticket = ++this.wanted
    const clip = this.tracks.find((track) => track.id === id)
    if (!clip) return
    const deck = this.open()
    if (!deck.has(id)) {
      this.loading = id
      try {
        const buffer = await this.buffer(clip)
        if (this.tracks.some((track) => track.id === id)) deck.add(id, buffer, clip.level)
      } catch (error) {
        studio.complain(error)
      }
      if (this.loading === id) this.loading = null
    }
    if (ticket !== this.wanted || !deck.has(id)) return
    deck.hear(id)
    this.current = id
    this.duration = deck.durationS()
    this.place()
  }

  play(): void {
    if (!this.deck || this.current === null) return
    silenceOthers(this)
    this.deck.loop = this.loop
    this.deck.play()
    this.playing = true
    this.follow()
  }

  pause(): void {
    this.deck?.pause()
    this.playing = false
    this.place()
  }

  seek(seconds: number): void {
    this.deck?.seek(seconds)
    this.place()
  }

  setLoop(loop: boolean): void {
    this.loop = loop
    if (!this.deck) return
    this.deck.loop = loop
    if (this.playing) this.deck.play(this.deck.positionS())
  }

  async buffer(clip: Playable): Promise<AudioBuffer> {
    const known = this.buffers.get(clip.audio_url)
    if (known) return known
    this.open()
    const data = await api.bytes(clip.audio_url)
    const buffer = await this.speakers!.context.decodeAudioData(data).catch(() => {
      throw new Error(`${clip.title}: this browser cannot play the file. Riffle can read it all the same.`)
    })
    this.buffers.set(clip.audio_url, buffer)
    if (this.buffers.size > 12) this.buffers.delete(this.buffers.keys().next().value!)
    return buffer
  }

  private open(): Deck {
    const speakers = openSpeakers('deck', studio.sampleRate)
    if (this.deck && speakers === this.speakers) return this.deck
    this.speakers = speakers
    this.deck = new Deck(speakers.context, speakers.input)
    this.deck.onEnd = () => {
      this.playing = false
      this.place()
    }
    return this.deck
  }

  private place(): void {
    this.position = this.deck?.positionS() ?? 0
  }

  // Thirty places a second are enough for a playhead.
  private follow(before = 0, now = performance.now()): void {
    if (!this.playing) return
    const due = now - before > 30
    if (due) this.place()
    requestAnimationFrame((next) => this.follow(due ? now : before, next))
  }
}

export const deck = new DeckStore()
