// SPDX-License-Identifier: GPL-3.0-or-later
// One function an endpoint. What the server refuses arrives as ApiError with its problem document.
import type {
  Capabilities, Clip, ClipList, Jam, JamPatch, JamSave, JamSubmit, Job, JobSubmit, Lineage, Model,
  ModelList, Problem, Segment, Tag, Upload,
} from './types'

export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail)
    this.name = 'ApiError'
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem
  const detail = error instanceof Error ? error.message : String(error)
  return { type: 'about:blank', title: 'Error', status: 0, code: 'internal', detail, hint: '' }
}

function unreachable(): ApiError {
  return new ApiError({
    type: 'about:blank', title: 'Not reachable', status: 0, code: 'unavailable',
    detail: 'The Riffle server does not answer.',
    hint: 'Is riffle serve still running? The studio goes on by itself once it is back.',
  })
}

async function refusal(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '')
  try {
    const problem = JSON.parse(text) as Problem
    if (typeof problem.detail === 'string') return new ApiError({ ...problem, hint: problem.hint ?? '' })
  } catch {
    // Not a problem document: said in the words of HTTP below.
  }
  return new ApiError({
    type: 'about:blank', title: response.statusText, status: response.status, code: 'internal',
    detail: `The server answered ${response.status} ${response.statusText}`.trim() + '.', hint: '',
  })
}

export interface ClipQuery {
  q?: string
  tag?: string
  pipeline?: string
  rating_min?: number
  parent?: string
  sort?: 'newest' | 'oldest' | 'rating' | 'title'
  limit?: number
  offset?: number
}

export function queryString(query: object): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '' && value !== 0) {
      parameters.set(key, String(value))
    }
  }
  const text = parameters.toString()
  return text ? `?${text}` : ''
}

export class Client {
  constructor(
    readonly base = '',
    private readonly fetcher: typeof fetch = (...a) => fetch(...a),
  ) {}

  async call(method: string, path: string, body?: unknown): Promise<Response> {
    const init: RequestInit = { method, credentials: 'same-origin' }
    if (body instanceof FormData) init.body = body
    else if (body !== undefined) {
      init.body = JSON.stringify(body)
      init.headers = { 'content-type': 'application/json' }
    }
    const response = await this.fetcher(this.base + path, init).catch(() => {
      throw unreachable()
    })
    if (!response.ok) throw await refusal(response)
    return response
  }

  private async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    return (await (await this.call(method, path, body)).json()) as T
  }

  capabilities = () => this.json<Capabilities>('GET', '/api/v1/capabilities')
  login = (key: string) => this.call('POST', '/api/v1/login', { key })
  models = () => this.json<ModelList>('GET', '/api/v1/models')
  switchModel = (name: string) => this.json<Model>('PUT', '/api/v1/models/current', { name })

  submit = (job: JobSubmit) => this.json<Job>('POST', '/api/v1/jobs', job)
  job = (id: string) => this.json<Job>('GET', `/api/v1/jobs/${id}`)
  cancel = (id: string) => this.json<Job>('DELETE', `/api/v1/jobs/${id}`)

  startJam = (jam: JamSubmit) => this.json<Jam>('POST', '/api/v1/jams', jam)
  jam = (id: string) => this.json<Jam>('GET', `/api/v1/jams/${id}`)
  changeJam = (id: string, patch: JamPatch) => this.json<Jam>('PATCH', `/api/v1/jams/${id}`, patch)
  endJam = (id: string) => this.json<Jam>('DELETE', `/api/v1/jams/${id}`)
  played = (id: string, segment: number) =>
    this.json<Jam>('POST', `/api/v1/jams/${id}/played`, { segment })
  segments = async (id: string, from = 0) =>
    (await this.json<{ segments: Segment[] }>('GET', `/api/v1/jams/${id}/segments?from=${from}`)).segments
  saveJam = (id: string, save: JamSave) => this.json<Clip>('POST', `/api/v1/jams/${id}/save`, save)

  clips = (query: ClipQuery = {}) => this.json<ClipList>('GET', `/api/v1/clips${queryString(query)}`)
  clip = (id: string) => this.json<Clip>('GET', `/api/v1/clips/${id}`)
  changeClip = (id: string, patch: { title?: string; rating?: number; tags?: string[] }) =>
    this.json<Clip>('PATCH', `/api/v1/clips/${id}`, patch)
  deleteClip = (id: string) => this.call('DELETE', `/api/v1/clips/${id}`)
  keepUpload = (upload: string, title?: string) =>
    this.json<Clip>('POST', '/api/v1/clips', title ? { upload, title } : { upload })
  lineage = (id: string) => this.json<Lineage>('GET', `/api/v1/clips/${id}/lineage`)
  tags = async () => (await this.json<{ tags: Tag[] }>('GET', '/api/v1/tags')).tags

  upload = (file: File) => {
    const form = new FormData()
    form.append('file', file, file.name)
    return this.json<Upload>('POST', '/api/v1/uploads', form)
  }
  uploaded = (id: string) => this.json<Upload>('GET', `/api/v1/uploads/${id}`)

  async bytes(url: string): Promise<ArrayBuffer> {
    return (await this.call('GET', url)).arrayBuffer()
  }
}

export const api = new Client()
