// SPDX-License-Identifier: GPL-3.0-or-later
// The fields of the pipelines that play along, as Riffle has them.
import type { Field, Pipeline } from '../../../web/src/api/types'
import { field, length, seed, tempo } from './capabilities'

const fileOf = (name: string, help: string, required = false) =>
  field(name, 'text', help, { is_file: true, required, absent: required ? '' : 'none' })

const style = () => [
  fileOf('like', 'A recording it is to sound like'),
  field('prompt', 'text', 'What it is to sound like, in words', { absent: 'none' }),
  field('blend', 'number', 'With both: 0 is the recording, 1 the prompt', { minimum: 0, maximum: 1, default: 0.5 }),
]

const stereo = () => field('stereo', 'number', 'How far the two channels differ; 0 is mono',
  { minimum: 0, maximum: 1, absent: "the model's, usually 0.4" })

const shape = () => [
  field('loop', 'integer', 'The end goes on into the beginning, in so many repetitions; 0: no loop', { minimum: 0, maximum: 64, default: 0 }),
  field('loop_strength', 'number', '1: the repetitions are equal; below they vary', { minimum: 0, maximum: 1, default: 1 }),
  stereo(),
]

const sampling = () => [
  seed,
  field('steps', 'integer', 'Steps of the sampler', { minimum: 1, maximum: 1000, absent: "the model's, usually 30" }),
  field('guidance_context', 'number', 'How closely the other music is followed; 1: as it was learned',
    { minimum: 0, maximum: 50, absent: "the model's, usually 1.25" }),
  field('guidance_style', 'number', 'How closely the recording or the prompt is followed; 1: as it was learned',
    { minimum: 0, maximum: 50, absent: "the model's, usually 1.25" }),
  field('scheduler', 'text', 'Sampler: dpmpp_2m, or heun (two evaluations a step), euler, unipc, lms, ...', { default: 'dpmpp_2m', advanced: true }),
]

const count = (help: string) => field('count', 'integer', help, { minimum: 1, maximum: 1000, default: 1 })
const bestOf = () => field('best_of', 'integer', 'Takes made of each stem, of which the one that fits best is kept',
  { minimum: 1, maximum: 64, absent: "the model's, usually 1" })
const context = () => fileOf('context', 'The music it belongs to')

// A function: the two modules need each other's fields.
export function bandPipelines(): Pipeline[] {
  const pipeline = (name: string, summary: string, fields: Field[]): Pipeline =>
    ({ name, kind: 'band', available: true, summary, streams: false, fields })
  return [
    pipeline('accompany', 'Play a stem that fits other music', [
      fileOf('context', 'The music it is to fit', true), ...style(), count('How many clips, with seeds one apart'),
      field('mix', 'boolean', 'Make the music with the stem too', { default: false }),
      field('gain_db', 'number', 'Makes the stem louder than it was played, or softer', { unit: 'dB', minimum: -60, maximum: 24, default: 0 }),
      bestOf(), ...shape(), ...sampling(),
    ]),
    pipeline('solo', 'Play one instrument alone', [...style(), ...length, count('How many clips, with seeds one apart'), bestOf(), ...shape(), ...sampling()]),
    pipeline('compose', 'Make a whole mix, stem by stem', [
      field('plan', 'plan', 'The tracks in their order', { absent: 'one track a recording of refs' }),
      field('refs', 'files', 'Recordings the tracks are to sound like', { absent: "the plan's" }),
      fileOf('context', 'Music that is there already'), ...length, stereo(), bestOf(), ...sampling(),
    ]),
    pipeline('inpaint-stem', 'Make a part of a stem anew', [
      fileOf('file', 'The stem', true), field('from', 'text', 'Where the new part begins: 12.5s, 1m30s, "8 bars"', { required: true }),
      field('to', 'text', 'Where it ends', { required: true }), context(), ...style(),
      field('strength', 'number', 'Below 1 the new part keeps something of the old one', { minimum: 0, maximum: 1, default: 1 }),
      ...tempo, ...sampling(),
    ]),
    pipeline('extend-stem', 'Let a stem go on', [
      fileOf('file', 'The stem', true), context(), ...style(), ...length,
      field('side', 'text', 'Where it goes on', { choices: ['end', 'start'], default: 'end' }), ...sampling(),
    ]),
    pipeline('interpolate', 'Play what lies between two sounds', [
      fileOf('from', 'The recording to begin with', true),
      field('to', 'text', 'The recording to come to', { is_file: true, absent: 'the prompt' }),
      field('prompt', 'text', 'Or what to come to, in words', { absent: 'the second recording' }),
      fileOf('context', 'Music all of them are to fit'),
      field('steps', 'integer', 'How many clips, both ends included', { minimum: 2, maximum: 100, default: 5 }),
      ...length, ...shape(), ...sampling().map((each) => (each.name === 'steps' ? { ...each, name: 'sampler_steps' } : each)),
    ]),
    pipeline('vary-stem', 'Make other takes of a stem, wider ones, loops of it', [
      fileOf('file', 'The stem', true), field('amount', 'number', '0 is the stem itself, 1 another one', { minimum: 0, maximum: 1, default: 0.5 }),
      context(), ...style(), count('How many variations'), ...shape().map((each) => (each.name === 'stereo' ? { ...each, default: 0 } : each)), ...sampling(),
    ]),
  ]
}
