// SPDX-License-Identifier: GPL-3.0-or-later
// The studio's one way to the loudspeakers: a context at the model's rate, a volume, and a meter.

export interface Speakers {
  context: AudioContext
  input: GainNode
  meter: AnalyserNode
}

// Each player has a clock of its own: pausing one does not stop the other.
export type Player = 'jam' | 'deck' | 'stream' | 'band'

const open = new Map<Player, Speakers>()

// A new rate closes the old context: browsers allow few.
export function openSpeakers(player: Player, sampleRate: number): Speakers {
  const known = open.get(player)
  if (known && known.context.sampleRate === sampleRate) return known
  void known?.context.close()
  const context = new AudioContext({ sampleRate, latencyHint: 'interactive' })
  const input = context.createGain()
  const meter = context.createAnalyser()
  meter.fftSize = 2048
  input.connect(meter).connect(context.destination)
  const speakers = { context, input, meter }
  open.set(player, speakers)
  // For measuring from outside: what the studio plays can be tapped here.
  Object.assign(globalThis, { riffleSpeakers: Object.fromEntries(open) })
  return speakers
}

// Root of the mean square of what sounds now, 0 to 1.
export function levelOf(meter: AnalyserNode): number {
  const values = new Float32Array(meter.fftSize)
  meter.getFloatTimeDomainData(values)
  let sum = 0
  for (const value of values) sum += value * value
  return Math.sqrt(sum / values.length)
}
