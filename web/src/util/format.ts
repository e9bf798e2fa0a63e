// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers and names as the studio writes them.

export function time(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const minutes = Math.floor(whole / 60)
  return `${minutes}:${String(whole % 60).padStart(2, '0')}`
}

export function exactTime(seconds: number): string {
  return `${time(seconds)}.${Math.floor((Math.max(0, seconds) % 1) * 10)}`
}

export function eta(seconds: number | null): string {
  if (seconds === null) return ''
  if (seconds < 1) return 'less than a second left'
  if (seconds < 90) return `${Math.round(seconds)} s left`
  return `${Math.round(seconds / 60)} min left`
}

export function label(name: string): string {
  const words = name.replaceAll('_', ' ').replace(/\bbpm\b/, 'tempo').replace(/\bhz\b/, '').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

export function hertz(value: number): string {
  return value >= 1000 ? `${Number((value / 1000).toFixed(1))} kHz` : `${Math.round(value)} Hz`
}

export function when(date: string, now = Date.now()): string {
  const minutes = Math.floor((now - Date.parse(date)) / 60_000)
  if (minutes < 1) return 'just now'
  if (minutes < 60) return `${minutes} min ago`
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`
  return new Date(date).toLocaleDateString()
}

// A file name that every system takes.
export function fileName(title: string): string {
  const name = title.replace(/[^\p{L}\p{N} _-]+/gu, ' ').replace(/\s+/g, ' ').trim().slice(0, 60)
  return name || 'riffle'
}
