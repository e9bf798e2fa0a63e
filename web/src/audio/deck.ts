// SPDX-License-Identifier: GPL-3.0-or-later
// Plays clips in sync: all tracks run along, one is heard. Tracks may come while it plays; changing
// from one to another keeps the place, with a fade too short to hear.

interface Track {
  buffer: AudioBuffer
  gain: GainNode
  level: number
  source: AudioBufferSourceNode | null
}

const fadeS = 0.012

export class Deck {
  private tracks = new Map<string, Track>()
  private heard: string | null = null
  private playing = false
  private startedAt = 0 // context time at which place 0 would have begun
  private place = 0 // where it stands while it does not play, seconds
  loop = false
  onEnd: () => void = () => {}

  constructor(private readonly context: AudioContext, private readonly destination: AudioNode) {}

  has(id: string): boolean {
    return this.tracks.has(id)
  }

  get current(): string | null {
    return this.heard
  }

  get isPlaying(): boolean {
    return this.playing
  }

  durationS(): number {
    const track = this.heard === null ? undefined : this.tracks.get(this.heard)
    return track?.buffer.duration ?? 0
  }

  positionS(): number {
    if (!this.playing) return this.place
    const run = Math.max(0, this.context.currentTime - this.startedAt)
    const duration = this.durationS()
    if (duration <= 0) return 0
    return this.loop ? run % duration : Math.min(run, duration)
  }

  add(id: string, buffer: AudioBuffer, level = 1): void {
    this.remove(id)
    const gain = this.context.createGain()
    gain.gain.value = 0
    gain.connect(this.destination)
    const track: Track = { buffer, gain, level, source: null }
    this.tracks.set(id, track)
    if (this.heard === null) this.hear(id)
    if (this.playing) this.run(track, this.positionS())
  }

  remove(id: string): void {
    const track = this.tracks.get(id)
    if (!track) return
    this.silence(track)
    track.gain.disconnect()
    this.tracks.delete(id)
    if (this.heard === id) this.heard = null
  }

  clear(): void {
    this.pause()
    for (const id of [...this.tracks.keys()]) this.remove(id)
    this.place = 0
  }

  hear(id: string): void {
    if (!this.tracks.has(id)) return
    const place = this.positionS()
    this.heard = id
    const now = this.context.currentTime
    for (const [name, track] of this.tracks) track.gain.gain.setTargetAtTime(name === id ? track.level : 0, now, fadeS / 3)
    if (!this.playing) this.place = Math.min(place, this.durationS())
  }

  play(fromS = this.positionS()): void {
    if (this.heard === null) return
    this.pause()
    void this.context.resume()
    const start = fromS >= this.durationS() - 0.01 ? 0 : fromS
    this.startedAt = this.context.currentTime - start
    this.playing = true
    for (const track of this.tracks.values()) this.run(track, start)
  }

  pause(): void {
    this.place = this.positionS()
    this.playing = false
    for (const track of this.tracks.values()) this.silence(track)
  }

  seek(placeS: number): void {
    const place = Math.max(0, Math.min(placeS, this.durationS()))
    if (this.playing) this.play(place)
    else this.place = place
  }

  private run(track: Track, fromS: number): void {
    const source = this.context.createBufferSource()
    source.buffer = track.buffer
    source.loop = this.loop
    source.connect(track.gain)
    const offset = this.loop ? fromS % track.buffer.duration : fromS
    if (offset >= track.buffer.duration) return
    source.start(0, offset)
    track.source = source
    source.onended = () => {
      if (track.source === source) this.ended(track)
    }
  }

  private ended(track: Track): void {
    track.source = null
    if (!this.playing || this.heard === null || this.tracks.get(this.heard) !== track) return
    this.pause()
    this.place = 0
    this.onEnd()
  }

  private silence(track: Track): void {
    const source = track.source
    track.source = null
    if (!source) return
    source.stop()
    source.disconnect()
  }
}
