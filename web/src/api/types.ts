// SPDX-License-Identifier: GPL-3.0-or-later
// The server's language, by hand from its OpenAPI document (/api/v1/openapi.json).

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type Request = Record<string, Json>

export interface Problem {
  type: string
  title: string
  status: number
  code: string
  detail: string // what, where, expected, got
  hint: string // what to do next; may be empty
  retry_after_s?: number
}

export interface Field {
  name: string
  kind: 'text' | 'integer' | 'number' | 'boolean' | 'plan' | 'files'
  help: string
  unit: string // "s", "Hz", "LUFS", "BPM", "bars" or empty
  minimum: number | null
  maximum: number | null
  choices: string[]
  default: Json
  absent: string // what holds when it is absent, in words
  required: boolean
  is_file: boolean
  advanced: boolean
}

export type ModelKind = 'riff' | 'band'

export interface Pipeline {
  name: string
  kind: ModelKind // of the model it runs on
  available: boolean // a model of that kind is in use
  summary: string
  streams: boolean
  fields: Field[]
}

export interface SeedImage {
  id: string
  title: string
  bpm: number | null
  beats: number
  picture_url: string
  audio_url: string
}

export interface ModelInfo {
  name: string
  sample_rate: number
  channels: number
  window_s: number
  window_frames: number
  mel_rows: number
  samples_per_frame: number
  min_hz: number
  max_hz: number
}

export interface BandModelInfo {
  name: string
  sample_rate: number
  window_s: number
  hears_context: boolean
  reads_style: boolean // recordings and words say how it is to sound
}

export interface Model {
  name: string
  kind: ModelKind | null // null: it cannot be read
  origin: 'shipped' | 'own' | 'pulled'
  current: boolean
  usable: boolean
  problem: string
}

export interface ModelList {
  models: Model[]
  current: string | null
  current_band: string | null
}

export interface Limits {
  queue: number
  body_bytes: number
  upload_bytes: number
  clip_s: number
  upload_s: number
  jams: number
  event_streams: number
  requests_per_minute: number
}

export interface Capabilities {
  version: string
  device: string
  model: ModelInfo | null
  band_model: BandModelInfo | null
  pipelines: Pipeline[]
  jam_fields: Field[]
  seed_images: SeedImage[]
  audio_formats: string[]
  stream_formats: string[]
  limits: Limits
  auth_required: boolean
}

// What a clip of a band job is: one instrument, or all together.
export interface Part {
  role: 'stem' | 'mix' | ''
  name: string
  of: string | null // the clip it was made together with
}

export interface Clip {
  id: string
  title: string
  created_at: string
  pipeline: string
  model: string
  prompt: string
  seed: number | null
  duration_s: number
  frames: number
  sample_rate: number
  channels: number
  loudness_lufs: number
  bpm: number | null
  beats: number
  beats_per_bar: number
  loop: boolean
  rating: number
  tags: string[]
  notes: string[]
  request: Request
  parents: string[]
  job: string | null
  part: Part
  url: string
  audio_url: string // .../audio.wav
  picture_url: string | null
  latents_url: string | null
}

export interface ClipList {
  clips: Clip[]
  total: number
  next: string | null
}

export interface Lineage {
  clip: Clip
  ancestors: Clip[]
  descendants: Clip[]
}

export interface Tag {
  name: string
  clips: number
}

export interface Upload {
  id: string
  kind: 'audio' | 'picture' | 'latents'
  name: string
  bytes: number
  created_at: string
  duration_s: number | null
  sample_rate: number | null
  channels: number | null
  width: number | null
  height: number | null
  request: Request | null
  url: string
  data_url: string
}

export interface Progress {
  stage: string
  step: number
  steps: number
  fraction: number
  eta_s: number | null
  clip: number
  clips: number
}

export interface SegmentRequest {
  prompt: string
  to: string
  alpha: number
  seed: number
  to_seed: number
  seed_image: string | null
  denoising: number
  bpm: number | null
  guidance: number
  steps: number
}

export interface Segment {
  index: number
  revision: number
  url: string
  picture_url: string
  start_sample: number // the next one's is start_sample + samples, exactly
  samples: number
  sample_rate: number
  channels: number
  first_beat_sample: number
  bpm: number | null
  beats: number
  request: SegmentRequest
  made_s: number
  real_time_factor: number
}

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled'

export interface Job {
  id: string
  pipeline: string
  state: JobState
  position: number
  created_at: string
  started_at: string | null
  finished_at: string | null
  progress: Progress
  request: Request
  stream: boolean
  clips: Clip[]
  segments: Segment[]
  real_time_factor: number | null
  preview_url: string | null
  error: Problem | null
  title: string
  tags: string[]
  restarts: number
  url: string
  events_url: string
  stream_url: string | null
}

export interface JobSubmit {
  pipeline: string
  request: Request
  stream?: boolean
  preview_interval?: number
  title?: string
  tags?: string[]
}

export interface JamSettings {
  prompt: string
  queue: string[]
  negative_prompt: string
  seed: number
  seed_image: string | null
  denoising: number
  bpm: number | null
  beats_per_bar: number
  guidance: number | null // null: what suits the model
  steps: number | null
  preset: 'fast' | 'balanced' | 'best'
  transition_segments: number
  hold_segments: number
  ahead: number
  loudness: number
  preview_interval: number
}

export type JamSubmit = Partial<JamSettings> & { prompt: string; segments?: number | null }
export type JamPatch = Partial<JamSettings> & { paused?: boolean; from_segment?: number }

export interface Jam extends JamSettings {
  id: string
  state: 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled'
  waiting: boolean
  created_at: string
  segments: number | null
  made: number
  played: number
  first_segment: number
  sample_rate: number
  channels: number
  real_time_factor: number | null
  error: Problem | null
  url: string
  events_url: string
  stream_url: string
  segments_url: string
}

export interface JamSave {
  title?: string
  tags?: string[]
  last_s?: number
  from_segment?: number
  to_segment?: number
}

// Events of /api/v1/events: `job` is the id of a job or a jam, except in state and end.
export interface ProgressEvent {
  job: string
  progress: Progress
  segment: number | null
}
export interface PreviewEvent {
  job: string
  step: number
  steps: number
  segment: number | null
  revision: number | null
  picture_url: string
}
export interface SegmentEvent {
  job: string
  segment: Segment
}
export interface DiscardEvent {
  job: string
  from_segment: number
}
export interface ClipEvent {
  job: string
  clip: Clip
}
export type StateEvent = { job: Job; jam?: undefined } | { jam: Jam; job?: undefined }

export interface EventMap {
  state: StateEvent
  progress: ProgressEvent
  preview: PreviewEvent
  segment: SegmentEvent
  discard: DiscardEvent
  clip: ClipEvent
  end: StateEvent
}
export type EventName = keyof EventMap
export const eventNames: EventName[] = [
  'state', 'progress', 'preview', 'segment', 'discard', 'clip', 'end',
]
