// SPDX-License-Identifier: GPL-3.0-or-later
// How loud becomes colour: from silence (the page's own ground) to the loudest.

export type Theme = 'light' | 'dark'
type Rgb = readonly [number, number, number]

const stops: Record<Theme, readonly (readonly [number, Rgb])[]> = {
  dark: [
    [0, [14, 16, 20]], [0.16, [19, 30, 48]], [0.38, [28, 78, 98]], [0.58, [74, 140, 126]],
    [0.78, [214, 178, 104]], [1, [255, 243, 214]],
  ],
  light: [
    [0, [247, 244, 238]], [0.2, [226, 218, 206]], [0.45, [160, 146, 166]], [0.7, [78, 66, 110]],
    [1, [22, 18, 40]],
  ],
}

// 256 colours, RGBA in the order of a canvas, by picture level: 255 (white) is silence.
export function colours(theme: Theme): Uint32Array {
  const list = stops[theme]
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const loud = 1 - level / 255
    const above = Math.max(1, list.findIndex(([at]) => at >= loud))
    const [low, from] = list[above - 1]!
    const [high, to] = list[above]!
    const share = (loud - low) / (high - low)
    const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (to[channel] - from[channel]) * share)
    return ((255 << 24) | (mix(2) << 16) | (mix(1) << 8) | mix(0)) >>> 0
  })
}
