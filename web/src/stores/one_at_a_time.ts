// SPDX-License-Identifier: GPL-3.0-or-later
// One thing sounds at a time: what begins to play silences the others.
const players = new Map<object, () => void>()

export function joinPlayers(player: object, quiet: () => void): void {
  players.set(player, quiet)
}

export function silenceOthers(player: object): void {
  for (const [other, quiet] of players) if (other !== player) quiet()
}
