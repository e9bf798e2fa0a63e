// SPDX-License-Identifier: GPL-3.0-or-later
// Spectrogram pictures of the server, coloured for the theme. Kept, the least recently used go first.
import { colours, type Theme } from './palette'

export interface Levels {
  width: number
  height: number
  values: Uint8Array // 255: silence
}

const kept = 96
const levels = new Map<string, Promise<Levels>>()
const painted = new Map<string, HTMLCanvasElement>()

function remember<T>(map: Map<string, T>, key: string, value: T): T {
  map.delete(key)
  map.set(key, value)
  if (map.size > kept) map.delete(map.keys().next().value!)
  return value
}

async function read(url: string): Promise<Levels> {
  const response = await fetch(url, { credentials: 'same-origin' })
  if (!response.ok) throw new Error(`picture ${url}: ${response.status}`)
  const bitmap = await createImageBitmap(await response.blob())
  const canvas = document.createElement('canvas')
  canvas.width = bitmap.width
  canvas.height = bitmap.height
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  context.drawImage(bitmap, 0, 0)
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height)
  // Stereo pictures have left in green and right in blue; in grey ones both are the same.
  const values = new Uint8Array(bitmap.width * bitmap.height)
  for (let i = 0; i < values.length; i++) values[i] = (data[i * 4 + 1]! + data[i * 4 + 2]!) >> 1
  return { width: bitmap.width, height: bitmap.height, values }
}

export function loadLevels(url: string): Promise<Levels> {
  const known = levels.get(url)
  if (known) return remember(levels, url, known)
  const loading = read(url)
  loading.catch(() => levels.delete(url))
  return remember(levels, url, loading)
}

export function paint({ width, height, values }: Levels, theme: Theme): HTMLCanvasElement {
  const table = colours(theme)
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')!
  const image = context.createImageData(width, height)
  const pixels = new Uint32Array(image.data.buffer)
  for (let i = 0; i < values.length; i++) pixels[i] = table[values[i]!]!
  context.putImageData(image, 0, 0)
  return canvas
}

export async function loadPicture(url: string, theme: Theme): Promise<HTMLCanvasElement> {
  const key = `${theme} ${url}`
  const known = painted.get(key)
  if (known) return remember(painted, key, known)
  return remember(painted, key, paint(await loadLevels(url), theme))
}

// Draws it into the canvas once it is there. Returns what stops that.
export function drawPicture(url: string, theme: Theme, canvas: () => HTMLCanvasElement | undefined): () => void {
  let stale = false
  void loadPicture(url, theme).then((image) => {
    const target = canvas()
    if (stale || !target) return
    target.width = image.width
    target.height = image.height
    target.getContext('2d')!.drawImage(image, 0, 0)
  }, () => {})
  return () => {
    stale = true
  }
}

// What is there already; null otherwise, and `then` is called once it is.
export function picture(url: string, theme: Theme, then: () => void): HTMLCanvasElement | null {
  const known = painted.get(`${theme} ${url}`)
  if (known) return known
  void loadPicture(url, theme).then(then, () => {})
  return null
}
