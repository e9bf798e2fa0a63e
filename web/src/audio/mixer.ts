// SPDX-License-Identifier: GPL-3.0-or-later
// Plays lanes together, sample for sample: every one starts at the same frame of the audio clock, and those that
// come later join at the frame the others have reached. Gains glide, so nothing clicks. Knows no DOM.

export interface Lane {
  id: string
  buffer: AudioBuffer
  gain: number // a factor; 0: silent
}

interface Running {
  buffer: AudioBuffer // what was asked for
  padded: AudioBuffer // as long as all of them, so that they go round together
  level: number
  gain: GainNode | null // of the run, as is the source
  source: AudioBufferSourceNode | null
}

export interface Region {
  from: number // frames
  to: number
}

const leadS = 0.04 // between deciding and sounding
const glideS = 0.008
const fadeS = 0.004

export class Mixer {
  private lanes = new Map<string, Running>()
  private all: GainNode | null = null // of this run, to fade it out as a whole
  private playing = false
  private startedAt = 0 // frame of the audio clock at which it began
  private startedFrom = 0 // frame of the music it began with
  private place = 0 // where it stands while it does not play
  private region: Region | null = null
  frames = 0
  onEnd: () => void = () => {}

  constructor(private readonly context: BaseAudioContext, private readonly destination: AudioNode) {}

  get isPlaying(): boolean {
    return this.playing
  }

  // What sounds from now on. Lanes that stay go on without a gap.
  put(lanes: Lane[]): void {
    const frames = Math.max(0, ...lanes.map(({ buffer }) => buffer.length))
    const again = this.playing && frames !== this.frames
    const place = this.position()
    this.frames = frames
    for (const id of [...this.lanes.keys()]) if (!lanes.some((lane) => lane.id === id)) this.remove(id)
    for (const { id, buffer, gain } of lanes) {
      const known = this.lanes.get(id)
      if (known?.buffer === buffer && known.padded.length === frames) this.glide(known, gain)
      else this.add(id, buffer, gain)
    }
    if (frames === 0) this.pause()
    else if (again) this.play(Math.min(place, frames))
  }

  // Null: no loop. A place outside the loop goes to its beginning once it plays.
  setLoop(region: Region | null): void {
    const place = this.position()
    this.region = region
    if (this.playing) this.play(place)
  }

  // Frames; what is heard now.
  position(): number {
    if (!this.playing) return Math.min(this.place, this.frames)
    const now = Math.round(this.context.currentTime * this.context.sampleRate)
    return this.wrapped(this.startedFrom + Math.max(0, now - this.startedAt))
  }

  play(from = this.position()): void {
    this.stop()
    if (this.frames === 0) return
    const loop = this.loop()
    const outside = loop && (from < loop.from || from >= loop.to)
    this.startedFrom = outside ? loop.from : from >= this.frames ? 0 : Math.max(0, Math.round(from))
    this.startedAt = this.soon()
    this.all = this.context.createGain()
    this.all.connect(this.destination)
    if (this.startedFrom > 0) {
      const when = this.startedAt / this.context.sampleRate
      this.all.gain.setValueAtTime(0, when)
      this.all.gain.linearRampToValueAtTime(1, when + fadeS)
    }
    this.playing = true
    for (const lane of this.lanes.values()) this.start(lane, this.startedAt, false)
  }

  pause(): void {
    this.place = this.position()
    this.stop()
  }

  seek(frame: number): void {
    const place = Math.max(0, Math.min(Math.round(frame), this.frames))
    if (this.playing) this.play(place)
    else this.place = place
  }

  private loop(): Region | null {
    if (!this.region) return null
    const to = Math.min(this.region.to, this.frames)
    return this.region.from < to ? { from: this.region.from, to } : { from: 0, to: this.frames }
  }

  private wrapped(frame: number): number {
    const loop = this.loop()
    if (!loop) return Math.min(frame, this.frames)
    return frame < loop.to ? frame : loop.from + ((frame - loop.from) % (loop.to - loop.from))
  }

  private soon(): number {
    return Math.ceil((this.context.currentTime + leadS) * this.context.sampleRate)
  }

  private add(id: string, buffer: AudioBuffer, level: number): void {
    const before = this.lanes.get(id)
    if (before) this.leave(before)
    const lane = { buffer, padded: this.padded(buffer), level, gain: null, source: null }
    this.lanes.set(id, lane)
    if (this.playing) this.start(lane, this.soon(), true)
  }

  private padded(buffer: AudioBuffer): AudioBuffer {
    if (buffer.length === this.frames) return buffer
    const padded = this.context.createBuffer(buffer.numberOfChannels, this.frames, buffer.sampleRate)
    for (let channel = 0; channel < buffer.numberOfChannels; channel++) padded.copyToChannel(buffer.getChannelData(channel), channel)
    return padded
  }

  private start(lane: Running, at: number, fadeIn: boolean): void {
    const from = this.wrapped(this.startedFrom + at - this.startedAt)
    if (from >= this.frames) return
    const rate = this.context.sampleRate
    const source = this.context.createBufferSource()
    const gain = this.context.createGain()
    const loop = this.loop()
    source.buffer = lane.padded
    source.loop = loop !== null
    if (loop && (loop.from > 0 || loop.to < this.frames)) {
      source.loopStart = loop.from / rate
      source.loopEnd = loop.to / rate
    }
    gain.gain.value = fadeIn ? 0 : lane.level
    if (fadeIn) gain.gain.setTargetAtTime(lane.level, at / rate, glideS)
    source.connect(gain).connect(this.all!)
    source.start(at / rate, from / rate)
    source.onended = () => {
      if (lane.source === source) this.ended()
    }
    lane.source = source
    lane.gain = gain
  }

  private ended(): void {
    this.stop()
    this.place = 0
    this.onEnd()
  }

  // What runs fades as a whole; the next run has nodes of its own.
  private stop(): void {
    this.playing = false
    const { all, context } = this
    this.all = null
    if (!all) return
    all.gain.cancelScheduledValues(context.currentTime)
    all.gain.setTargetAtTime(0, context.currentTime, fadeS / 3)
    for (const lane of this.lanes.values()) {
      lane.source?.stop(context.currentTime + 2 * fadeS)
      lane.source = null
      lane.gain = null
    }
    setTimeout(() => all.disconnect(), 100)
  }

  private glide(lane: Running, level: number): void {
    if (lane.level === level) return
    lane.level = level
    lane.gain?.gain.setTargetAtTime(level, this.context.currentTime, glideS)
  }

  private remove(id: string): void {
    this.leave(this.lanes.get(id)!)
    this.lanes.delete(id)
  }

  private leave(lane: Running): void {
    const { source } = lane
    this.glide(lane, 0)
    lane.source = null
    source?.stop(this.context.currentTime + 6 * glideS)
  }
}
