// SPDX-License-Identifier: GPL-3.0-or-later
// What players need of an audio device: a clock that counts samples, and voices that start on one.
// WebOutput is that of a browser; tests have one that writes into memory.

export interface Voice {
  // Falls silent at once; one that has not begun never sounds.
  stop(): void
}

export interface Output {
  readonly sampleRate: number
  now(): number // samples since the device began
  play(channels: Float32Array<ArrayBuffer>[], atSample: number): Voice
}

export class WebOutput implements Output {
  readonly destination: AudioNode

  constructor(readonly context: BaseAudioContext, destination?: AudioNode) {
    this.destination = destination ?? context.destination
  }

  get sampleRate(): number {
    return this.context.sampleRate
  }

  now(): number {
    return Math.round(this.context.currentTime * this.context.sampleRate)
  }

  play(channels: Float32Array<ArrayBuffer>[], atSample: number): Voice {
    const frames = channels[0]?.length ?? 0
    const buffer = this.context.createBuffer(Math.max(channels.length, 1), Math.max(frames, 1), this.sampleRate)
    channels.forEach((values, channel) => buffer.copyToChannel(values, channel))
    const source = this.context.createBufferSource()
    source.buffer = buffer
    source.connect(this.destination)
    source.start(atSample / this.sampleRate)
    return {
      stop: () => {
        source.stop()
        source.disconnect()
      },
    }
  }
}
