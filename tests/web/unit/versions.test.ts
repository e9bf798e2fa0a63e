// SPDX-License-Identifier: GPL-3.0-or-later
import { describe, expect, it } from 'vitest'
import { redo, rootOf, undo, versionsOf } from '../../../web/src/util/versions'
import { Library } from '../fake/library'

describe('the undo tree', () => {
  const library = new Library(44100)
  const make = (...parents: string[]) => library.addClip({ pipeline: 'inpaint', request: {}, samples: 100, parents }).id
  const root = make()
  const a = make(root)
  const b = make(root)
  const a1 = make(a)
  const versions = versionsOf(library.lineage(root))

  it('holds every version once, children under what they were made of', () => {
    expect(versions.map(({ clip, depth }) => [clip.id, depth])).toEqual([[root, 0], [a, 1], [a1, 2], [b, 1]])
    expect(rootOf(library.lineage(a1)).id).toBe(root)
    expect(rootOf(library.lineage(root)).id).toBe(root)
  })

  it('goes up, and down again where one came from', () => {
    expect(undo(versions, a1)).toBe(a)
    expect(undo(versions, root)).toBeNull()
    expect(redo(versions, root, a)).toBe(a)
    expect(redo(versions, root, null)).toBe(b) // the newest
    expect(redo(versions, root, a1)).toBe(b) // no child of it
    expect(redo(versions, a1, null)).toBeNull()
  })
})
