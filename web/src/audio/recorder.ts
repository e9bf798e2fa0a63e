// SPDX-License-Identifier: GPL-3.0-or-later
// Records from the microphone as it is: no echo cancelling, no noise suppression, every sample.
import worklet from './recorder_worklet.js?url'
import type { Sound } from './wav'

const mostS = 600

export class Recorder {
  private blocks: Float32Array[][] = []
  private frames = 0

  private constructor(private readonly context: AudioContext, private readonly stream: MediaStream) {}

  // Throws Error, in words for people, where there is no microphone or none may be used.
  static async start(sampleRate: number): Promise<Recorder> {
    if (!navigator.mediaDevices) throw new Error('The microphone is there only for pages of this machine or over https.')
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    }).catch((error: unknown) => {
      const refused = error instanceof DOMException && error.name === 'NotAllowedError'
      throw new Error(refused ? 'The browser does not let this page use the microphone: allow it beside the address.' : 'No microphone was found.')
    })
    const context = new AudioContext({ sampleRate })
    const recorder = new Recorder(context, stream)
    await context.audioWorklet.addModule(worklet)
    const node = new AudioWorkletNode(context, 'riffle-recorder', { numberOfOutputs: 0 })
    node.port.onmessage = ({ data }) => recorder.take(data as Float32Array[])
    context.createMediaStreamSource(stream).connect(node)
    return recorder
  }

  get seconds(): number {
    return this.frames / this.context.sampleRate
  }

  get full(): boolean {
    return this.seconds >= mostS
  }

  async stop(): Promise<Sound> {
    const { sampleRate } = this.context
    for (const track of this.stream.getTracks()) track.stop()
    await this.context.close()
    const count = Math.max(1, ...this.blocks.map(({ length }) => length))
    const channels = Array.from({ length: count }, () => new Float32Array(this.frames))
    let at = 0
    for (const block of this.blocks) {
      channels.forEach((values, channel) => values.set(block[Math.min(channel, block.length - 1)]!, at))
      at += block[0]!.length
    }
    return { sampleRate, channels }
  }

  private take(block: Float32Array[]): void {
    if (this.full) return
    this.blocks.push(block)
    this.frames += block[0]!.length
  }
}
