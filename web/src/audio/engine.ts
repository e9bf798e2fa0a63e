// SPDX-License-Identifier: GPL-3.0-or-later
// The audio engine as one thing, for whoever wants it without the studio.
export { Deck } from './deck'
export { JamPlayer, joined } from './jam_player'
export { WebOutput } from './output'
export { decodeWav } from './wav'
