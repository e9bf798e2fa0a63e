// SPDX-License-Identifier: GPL-3.0-or-later
// The stand-in server says of itself what riffle serve says: pages that work with it work with that one.
import { expect, it } from 'vitest'
import type { Capabilities, Field } from '../../../web/src/api/types'
import { capabilities } from '../fake/capabilities'
import { describeServed } from './real'
import { withoutBand } from './studio'

// Words may differ, and the stand-in leaves out what no page treats in a way of its own.
const formOf = ({ name, kind, unit, minimum, maximum, choices, default: standard, required, is_file }: Field) =>
  ({ name, kind, unit, minimum, maximum, choices, standard, required, is_file })

describeServed('The stand-in and riffle serve', '#/library', (at) => {
  it('have the same pipelines, with the same fields', async () => {
    const { pipelines } = await at.get<Capabilities>('/api/v1/capabilities')
    for (const { name, kind, streams, fields } of capabilities(44100).pipelines) {
      const real = pipelines.find((pipeline) => pipeline.name === name)
      expect(real, name).toMatchObject({ kind, streams, available: true })
      const known = real!.fields.filter((field) => field.required || fields.some((other) => other.name === field.name))
      const byName = (list: Field[]) => Object.fromEntries(list.map((field) => [field.name, formOf(field)]))
      expect.soft(byName(fields), name).toEqual(byName(known))
    }
  })
}, withoutBand)
