// SPDX-License-Identifier: GPL-3.0-or-later
// Things to ask for when nothing comes to mind.

export const suggestions = [
  'lo-fi piano with soft drums', 'funky synth solo', 'acoustic guitar, slow and warm', 'techno drums and deep bass',
  'jazz trio with brushed drums', 'string quartet, sad', 'church organ', 'reggae bass and offbeat guitar',
  'bossa nova guitar', 'music box lullaby', 'ambient pads, floating', 'walking bass and vibraphone', 'salsa piano',
  'dark electro bass line', 'flute over a slow waltz', 'marimba, bright and fast', 'blues guitar and harmonica',
  'solo cello', 'disco strings and four-on-the-floor drums', 'harpsichord, baroque', 'brass band march',
  'electric piano chords, late night', 'chiptune lead', 'country guitar picking',
]

export function suggestion(except = '', random: () => number = Math.random): string {
  const others = suggestions.filter((text) => text !== except)
  return others[Math.floor(random() * others.length)]!
}

// Names for how far a jam may leave its seed image.
export function freedomName(denoising: number): string {
  if (denoising < 0.7) return 'Hardly changed'
  if (denoising < 0.78) return 'Keep it on beat'
  if (denoising < 0.84) return 'A little loose'
  if (denoising < 0.92) return 'Off the leash'
  return 'What is tempo?'
}

// Instruments a band often lacks, in words that models trained on Riffle's corpus know.
export const instruments = ['drums', 'slap bass', 'electric piano', 'warm pad', 'acoustic guitar', 'strings', 'synth lead']
