// SPDX-License-Identifier: GPL-3.0-or-later
// The versions of a clip as a tree: the library's lineage is the undo history, so it outlives the page.
import type { Clip, Lineage } from '../api/types'

export interface Version {
  clip: Clip
  parent: string | null
  depth: number
}

// The clip everything in it goes back to: the farthest ancestor that is still there.
export function rootOf({ clip, ancestors }: Lineage): Clip {
  return ancestors.at(-1) ?? clip
}

// Depth first, older children first, so that it reads as an indented list.
export function versionsOf({ clip: root, descendants }: Lineage): Version[] {
  const children = new Map<string, Clip[]>()
  for (const clip of descendants) {
    const parent = clip.parents.find((id) => id === root.id || descendants.some((other) => other.id === id))
    if (parent) children.set(parent, [...(children.get(parent) ?? []), clip])
  }
  const result: Version[] = []
  const walk = (clip: Clip, parent: string | null, depth: number) => {
    if (result.some((version) => version.clip.id === clip.id)) return
    result.push({ clip, parent, depth })
    const next = (children.get(clip.id) ?? []).sort((a, b) => a.created_at.localeCompare(b.created_at))
    for (const child of next) walk(child, clip.id, depth + 1)
  }
  walk(root, null, 0)
  return result
}

export function undo(versions: Version[], current: string): string | null {
  return versions.find(({ clip }) => clip.id === current)?.parent ?? null
}

// Back to where one came from; else to the newest version made of this one.
export function redo(versions: Version[], current: string, cameFrom: string | null): string | null {
  const made = versions.filter(({ parent }) => parent === current).map(({ clip }) => clip)
  if (cameFrom !== null && made.some(({ id }) => id === cameFrom)) return cameFrom
  return made.sort((a, b) => a.created_at.localeCompare(b.created_at)).at(-1)?.id ?? null
}
