// SPDX-License-Identifier: GPL-3.0-or-later
// What the fake server says of itself: the fields of the pipelines as Riffle has them.
import type { Capabilities, Field, Pipeline } from '../../../web/src/api/types'
import { bandPipelines } from './band_capabilities'

export function field(name: string, kind: Field['kind'], help: string, more: Partial<Field> = {}): Field {
  return {
    name, kind, help, unit: '', minimum: null, maximum: null, choices: [], default: null, absent: '',
    required: false, is_file: false, advanced: false, ...more,
  }
}

export const seed = field('seed', 'integer', 'The same seed gives the same sound; -1: another one each time',
  { minimum: -1, maximum: 4294967295, default: -1 })

const sampling: Field[] = [
  field('negative_prompt', 'text', 'What it should not sound like'),
  seed,
  field('preset', 'text', 'Quality against time; sets scheduler and steps',
    { choices: ['fast', 'balanced', 'best'], default: 'balanced' }),
  field('steps', 'integer', 'Steps of the scheduler', { minimum: 1, maximum: 1000, absent: "the preset's" }),
  field('guidance', 'number', 'How closely the prompt is followed; 1 and below: not at all',
    { minimum: 0, maximum: 50, absent: "the model's, usually 7" }),
  field('scheduler', 'text', 'Sampler: dpmpp_2m_karras, unipc, euler, ddim, pndm, ...',
    { absent: "the preset's" }),
  field('guidance_rescale', 'number', 'Takes back the contrast that strong guidance adds (Lin et al. 2023)',
    { minimum: 0, maximum: 1, absent: "the model's, usually 0", advanced: true }),
  field('cache_interval', 'integer', 'Compute the inner layers only every so many steps (DeepCache); 1: always',
    { minimum: 1, maximum: 20, default: 1, advanced: true }),
  field('decode_iterations', 'integer', 'Rounds of phase retrieval when the picture becomes sound',
    { minimum: 1, maximum: 10000, default: 24, advanced: true }),
]

export const tempo = [
  field('bpm', 'number', "Tempo, for lengths in bars and for the file's tempo marks",
    { unit: 'BPM', minimum: 20, maximum: 400 }),
  field('beats_per_bar', 'integer', 'Beats a bar has', { minimum: 1, maximum: 32, default: 4 }),
]

export const length: Field[] = [
  field('seconds', 'number', 'Length in seconds',
    { unit: 's', minimum: 0.1, maximum: 7200, absent: 'what the model was trained on' }),
  field('bars', 'number', 'Length in bars instead; needs a tempo', { unit: 'bars', minimum: 0.25, maximum: 4000 }),
  ...tempo,
]

const file = (help: string) => field('file', 'text', help, { required: true, is_file: true })
const strength = (help: string, value: number) =>
  field('strength', 'number', help, { minimum: 0, maximum: 1, default: value })

const riffPipelines: Omit<Pipeline, 'kind' | 'available'>[] = [
  {
    name: 'generate', summary: 'Make music from a prompt', streams: true,
    fields: [
      field('prompt', 'text', 'What it sounds like; or over time: "0s: piano; 20s: add drums"', { required: true }),
      ...length,
      field('chords', 'text',
        'Chords to play, one a bar or bars apart by |, over and over: "Am | F | C G/B"; needs a tempo',
        { absent: 'as the model likes' }),
      field('loop', 'boolean', 'The end goes on into the beginning without a click', { default: false }),
      field('count', 'integer', 'How many clips, with seeds one apart', { minimum: 1, maximum: 1000, default: 1 }),
      field('batch', 'integer', 'How many of them to compute at once; takes more memory',
        { minimum: 1, maximum: 64, default: 1, advanced: true }),
      field('loudness', 'number', 'Loudness of the result (EBU R128)',
        { unit: 'LUFS', minimum: -60, maximum: 0, default: -23 }),
      field('stereo', 'number', 'How far the two channels differ; 0 is mono', { minimum: 0, maximum: 1, default: 0 }),
      field('variation', 'number', "How far the noise turns towards another seed's: vary's amount",
        { minimum: 0, maximum: 1, default: 0, advanced: true }),
      field('variation_seed', 'integer', 'That other seed',
        { minimum: 0, maximum: 4294967295, absent: 'the seed after this one', advanced: true }),
      field('varied_before', 'text', 'Turns of the noise before that one, as vary writes them',
        { absent: 'none', advanced: true }),
      ...sampling,
    ],
  },
  {
    name: 'cover', summary: 'Play a recording with another sound', streams: false,
    fields: [
      file('The recording'),
      field('prompt', 'text', 'What it is to sound like', { required: true }),
      field('to', 'text', 'What it turns into until the end', { absent: 'the prompt' }),
      strength('0.3 changes it lightly, 0.45 as far as melody and tempo stay; above, they go', 0.45),
      field('fresh_noise', 'boolean',
        'Begin from noise of the seed alone, as img2img does: a third of the work, but melody and sound change together',
        { default: false }),
      field('free_notes', 'boolean',
        'Do not tell the model which notes sound in the recording: at high strength it plays others; of models that follow chords',
        { default: false }),
      field('magic_mix', 'boolean', 'Mix layout and meaning while the sound forms (Liew et al. 2022)', { default: false }),
      field('mix', 'number', 'With magic_mix: the share of the new sound', { minimum: 0, maximum: 1, default: 0.5 }),
      field('channels', 'text', "Channels of the result; auto: the recording's",
        { choices: ['auto', 'mono', 'stereo'], default: 'auto' }),
      field('loudness', 'number', 'Loudness of the result (EBU R128)',
        { unit: 'LUFS', minimum: -60, maximum: 0, absent: "the recording's" }),
      ...sampling,
    ],
  },
  {
    name: 'inpaint', summary: 'Make a part of a recording anew', streams: false,
    fields: [
      file('The recording'),
      field('prompt', 'text', 'What the new part is to sound like', { required: true }),
      field('from', 'text', 'Where the new part begins: 12.5s, 1m30s, "8 bars"', { required: true }),
      field('to', 'text', 'Where it ends', { required: true }),
      field('low_hz', 'number', 'Change nothing below this frequency', { unit: 'Hz', minimum: 0, maximum: 192000 }),
      field('high_hz', 'number', 'Change nothing above this frequency', { unit: 'Hz', minimum: 0, maximum: 192000 }),
      strength('Below 1 the new part keeps something of the old one', 1),
      ...tempo, ...sampling,
    ],
  },
  {
    name: 'extend', summary: 'Let a recording go on', streams: false,
    fields: [
      file('The recording'),
      field('prompt', 'text', 'What the new part is to sound like', { absent: 'whatever goes on from there' }),
      ...length,
      field('side', 'text', 'Where it goes on', { choices: ['end', 'start'], default: 'end' }),
      ...sampling,
    ],
  },
  {
    name: 'vary', summary: 'Make variations of a clip', streams: false,
    fields: [
      file('The clip; best one that riffle generate made'),
      field('amount', 'number', '0 is the clip itself, 1 another one of the same prompt', { minimum: 0, maximum: 1, default: 0.3 }),
      field('count', 'integer', 'How many variations', { minimum: 1, maximum: 1000, default: 1 }),
      { ...seed, help: 'Of the variation; -1: another one each time' },
      field('prompt', 'text', 'For sounds that were not made by Riffle', { absent: 'none' }),
    ],
  },
]

const jamFields: Field[] = [
  field('prompt', 'text', 'what plays, or what to go to next', { required: true }),
  field('denoising', 'number', '0.75 keeps the beat, 0.95 forgets it', { minimum: 0, maximum: 1, default: 0.75 }),
  field('bpm', 'number', "null: the seed image's own", { unit: 'BPM', minimum: 40, maximum: 240 }),
]

const seedTitles = { og_beat: 'OG Beat', agile: 'Agile', marim: 'Marim', motorway: 'Motorway', vibes: 'Vibes' }

export function capabilities(sampleRate: number): Capabilities {
  return {
    version: '0.1.0', device: 'cpu',
    model: {
      name: 'riffle-fake', sample_rate: sampleRate, channels: 1, window_s: 5.12, window_frames: 256,
      mel_rows: 256, samples_per_frame: Math.round(sampleRate / 50), min_hz: 20, max_hz: 16000,
    },
    band_model: { name: 'riffle-band-fake', sample_rate: sampleRate, window_s: 10.24, hears_context: true, reads_style: true },
    pipelines: [...riffPipelines.map((pipeline) => ({ ...pipeline, kind: 'riff' as const, available: true })), ...bandPipelines()],
    jam_fields: jamFields,
    seed_images: Object.entries(seedTitles).map(([id, title], i) => ({
      id, title, bpm: 94 + 6 * i, beats: 8,
      picture_url: `/api/v1/seed_images/${id}.png`, audio_url: `/api/v1/seed_images/${id}.wav`,
    })),
    audio_formats: ['wav', 'mp3', 'flac'], stream_formats: ['mp3', 'wav'],
    limits: {
      queue: 20, body_bytes: 1 << 20, upload_bytes: 64 << 20, clip_s: 600, upload_s: 900, jams: 4,
      event_streams: 64, requests_per_minute: 0,
    },
    auth_required: false,
  }
}
