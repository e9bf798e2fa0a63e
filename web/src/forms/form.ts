// SPDX-License-Identifier: GPL-3.0-or-later
// Forms out of the fields a pipeline describes: groups, values, what is wrong, and the request they make.
import type { Field, Json, Request } from '../api/types'
import { label } from '../util/format'

export type Values = Record<string, Json>

export interface Group {
  title: string
  fields: Field[]
  folded: boolean
}

const groups: { title: string; names: string[] }[] = [
  { title: 'What', names: ['prompt', 'to', 'chords', 'negative_prompt'] },
  { title: 'How much', names: ['strength', 'amount', 'magic_mix', 'mix', 'side', 'channels', 'blend'] },
  { title: 'Length', names: ['seconds', 'bars', 'bpm', 'beats_per_bar', 'loop', 'loop_strength'] },
  { title: 'Width', names: ['stereo'] },
  { title: 'Takes', names: ['count', 'seed'] },
  { title: 'Quality', names: ['preset'] },
]
const folded = 'Finer settings'

// Files and plans are chosen on the page, not in a form.
function isOfPage({ is_file, kind }: Field): boolean {
  return is_file || kind === 'plan' || kind === 'files'
}

// Known names come in groups; all others, and those for the few, in a folded one at the end.
export function groupsOf(fields: Field[], hidden: readonly string[] = []): Group[] {
  const shown = fields.filter((field) => !isOfPage(field) && !hidden.includes(field.name))
  const result = groups.map(({ title, names }) => ({
    title, folded: false,
    fields: names.flatMap((name) => shown.filter((field) => field.name === name && !field.advanced)),
  }))
  const placed = new Set(result.flatMap((group) => group.fields))
  result.push({ title: folded, folded: true, fields: shown.filter((field) => !placed.has(field)) })
  return result.filter((group) => group.fields.length > 0)
}

// Defaults, and on top of them what a request says.
export function valuesOf(fields: Field[], request: Request = {}): Values {
  const values: Values = {}
  for (const { name, default: standard } of fields) values[name] = request[name] ?? standard
  return values
}

function isEmpty(value: Json | undefined): boolean {
  return value === null || value === undefined || value === '' || Number.isNaN(value)
}

// What differs from the defaults: the rest is the server's to fill in.
export function requestOf(fields: Field[], values: Values): Request {
  const request: Request = {}
  for (const { name, default: standard, kind } of fields) {
    const value = values[name]
    if (isEmpty(value) || value === standard) continue
    request[name] = kind === 'text' && typeof value === 'string' ? value.trim() : value!
  }
  return request
}

function rangeWords({ minimum, maximum, unit }: Field): string {
  const of = unit ? ` ${unit}` : ''
  if (minimum !== null && maximum !== null) return `between ${minimum} and ${maximum}${of}`
  return minimum !== null ? `at least ${minimum}${of}` : `at most ${maximum}${of}`
}

function problemOfField(field: Field, value: Json | undefined): string {
  if (isEmpty(value) || (typeof value === 'string' && value.trim() === '')) {
    return field.required ? `${label(field.name)}: say something here` : ''
  }
  if (field.kind === 'integer' || field.kind === 'number') {
    if (typeof value !== 'number') return 'Expected a number'
    if (field.kind === 'integer' && !Number.isInteger(value)) return 'Expected a whole number'
    const low = field.minimum !== null && value < field.minimum
    const high = field.maximum !== null && value > field.maximum
    if (low || high) return `Expected ${rangeWords(field)}`
  }
  return ''
}

// By field; what concerns two of them is said at the one to fill in.
export function problemsOf(fields: Field[], values: Values, hidden: readonly string[] = []): Record<string, string> {
  const problems: Record<string, string> = {}
  for (const field of fields) {
    if (isOfPage(field) || hidden.includes(field.name)) continue
    const problem = problemOfField(field, values[field.name])
    if (problem) problems[field.name] = problem
  }
  const has = (name: string) => fields.some((field) => field.name === name)
  if (has('bars') && has('bpm') && !isEmpty(values.bars) && isEmpty(values.bpm) && !problems.bpm) {
    problems.bpm = 'Bars need a tempo'
  }
  return problems
}
