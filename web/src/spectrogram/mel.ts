// SPDX-License-Identifier: GPL-3.0-or-later
// Heights on a spectrogram and frequencies: the mel scale, m = 2595 log10(1 + f / 700).

const melOf = (hz: number) => 2595 * Math.log10(1 + hz / 700)
const hzOf = (mel: number) => 700 * (10 ** (mel / 2595) - 1)

export interface Band {
  min_hz: number
  max_hz: number
}

// height: 0 at the bottom, 1 at the top.
export function hzAt(height: number, band: Band): number {
  const low = melOf(band.min_hz)
  return hzOf(low + height * (melOf(band.max_hz) - low))
}

export function heightOf(hz: number, band: Band): number {
  const low = melOf(band.min_hz)
  return (melOf(hz) - low) / (melOf(band.max_hz) - low)
}
