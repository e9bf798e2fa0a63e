// SPDX-License-Identifier: GPL-3.0-or-later
// A long clip that plays while it is made: its segments go to a player of their own as they are finished.
import { api } from '../api/client'
import { events } from '../api/events'
import type { Job, Segment } from '../api/types'
import { openSpeakers } from '../audio/context'
import { JamPlayer } from '../audio/jam_player'
import { WebOutput } from '../audio/output'
import { decodeWav } from '../audio/wav'
import { joinPlayers, silenceOthers } from './one_at_a_time'
import { studio } from './studio.svelte'

class Stream {
  jobId = $state<string | null>(null)
  heardS = $state(0)
  private player: JamPlayer | null = null
  private timer: ReturnType<typeof setInterval> | null = null
  private queue: Promise<void> = Promise.resolve()
  private ended = false

  start(): void {
    joinPlayers(this, () => this.stop())
    events.on('segment', ({ job, segment }) => {
      if (job === this.jobId) this.take(segment)
    })
    events.on('end', ({ job }) => {
      if (job && job.id === this.jobId) this.ended = true
    })
  }

  // To be called from a click: browsers let sound begin only then.
  listen(job: Job): void {
    this.stop()
    silenceOthers(this)
    const speakers = openSpeakers('stream', studio.sampleRate)
    void speakers.context.resume()
    const output = new WebOutput(speakers.context, speakers.input)
    this.player = new JamPlayer(output)
    this.player.hold = false
    this.player.start(0)
    this.jobId = job.id
    this.ended = false
    for (const segment of job.segments) this.take(segment)
    this.timer = setInterval(() => this.tick(output), 60)
  }

  stop(): void {
    if (this.timer) clearInterval(this.timer)
    this.timer = null
    this.player?.stop()
    this.player = null
    this.jobId = null
    this.heardS = 0
  }

  // One after the other: each is decoded when the one before it is on the clock.
  private take(segment: Segment): void {
    const { player } = this
    this.queue = this.queue.then(async () => {
      if (!player || player !== this.player || player.has(segment.index, segment.revision)) return
      try {
        player.add(segment, decodeWav(await api.bytes(segment.url)).channels)
      } catch (error) {
        studio.complain(error)
      }
    })
  }

  private tick(output: WebOutput): void {
    if (!this.player) return
    this.player.tick()
    this.heardS = (this.player.position()?.sample ?? 0) / output.sampleRate
    if (this.ended && this.player.aheadS() === 0) void this.queue.then(() => this.player?.aheadS() === 0 && this.stop())
  }
}

export const stream = new Stream()
