// SPDX-License-Identifier: GPL-3.0-or-later
// Passes on what comes from a microphone, block by block, from the audio thread.
class Recorder extends AudioWorkletProcessor {
  process([input]) {
    if (input?.length > 0) this.port.postMessage(input.map((values) => values.slice()))
    return true
  }
}
registerProcessor('riffle-recorder', Recorder)
