// SPDX-License-Identifier: GPL-3.0-or-later
// A small server that keeps Riffle's contract with synthesised sounds and pictures: the studio is
// developed and tested against it without the engine.
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { capabilities } from './capabilities'
import { Events } from './events'
import { bodyOf, filePart, Refusal, sendBytes, sendJson, sendProblem } from './http'
import { Jams, type JamPace } from './jams'
import { Jobs } from './jobs'
import { Library } from './library'
import { render, spectrogram, wav } from './sound'

const sampleRate = 44100
const types: Record<string, string> = {
  '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml',
}

export class FakeServer {
  readonly events = new Events()
  readonly library = new Library(sampleRate)
  readonly pace: JamPace = { stepMs: 40, steps: 8, segmentS: 5.12, holdAt: null }
  readonly about = capabilities(sampleRate)
  readonly jobs = new Jobs(this.events, this.library, this.about.pipelines, this.pace, sampleRate)
  readonly jams = new Jams(this.events, this.library, this.pace, sampleRate)
  private server: Server | null = null

  constructor(private readonly web: string | null = null) {}

  async listen(port = 0): Promise<string> {
    this.server = createServer((request, response) => void this.handle(request, response))
    await new Promise<void>((resolve) => this.server!.listen(port, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections()
    await new Promise((resolve) => this.server?.close(resolve))
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://fake')
      if (url.pathname.startsWith('/api/v1/')) {
        await this.route(request, response, url, url.pathname.slice('/api/v1/'.length).split('/'))
      } else {
        this.page(request, response, url.pathname)
      }
    } catch (error) {
      sendProblem(response, error)
    }
  }

  private page(request: IncomingMessage, response: ServerResponse, path: string): void {
    const file = join(this.web ?? '', normalize(path === '/' ? '/index.html' : path))
    if (!this.web || !existsSync(file)) throw new Refusal(404, 'not_found', `no page ${path}`)
    sendBytes(request, response, types[extname(file)] ?? 'application/octet-stream', readFileSync(file))
  }

  private async route(request: IncomingMessage, response: ServerResponse, url: URL, path: string[]): Promise<void> {
    const [room, id, what, file] = path as [string, string | undefined, string | undefined, string | undefined]
    const method = request.method ?? 'GET'
    if (room === 'capabilities') return sendJson(response, 200, this.about)
    if (room === 'tags') return sendJson(response, 200, { tags: this.library.tags() })
    if (room === 'models') return this.models(response)
    if (room === 'seed_images') return this.seedImage(request, response, id ?? '')
    if (room === 'events') {
      return this.events.listen(request, response, () => [
        ...[...this.jobs.all.values()].filter(({ state }) => state === 'queued' || state === 'running').map((job) => ({ job })),
        ...this.jams.list().map((jam) => ({ jam })),
      ])
    }
    const raw = await bodyOf(request)
    const type = request.headers['content-type'] ?? ''
    if (room === 'uploads') return this.uploads(request, response, method, id, what, type, raw)
    const body = raw.length > 0 ? (JSON.parse(raw.toString('utf8')) as never) : ({} as never)
    if (room === 'jobs') return this.jobRoutes(request, response, method, id, what, body)
    if (room === 'jams') return this.jamRoutes(request, response, method, id, what, file, url, body)
    if (room === 'clips') return this.clipRoutes(request, response, method, id, what, url, body)
    throw new Refusal(404, 'not_found', `no endpoint ${url.pathname}`)
  }

  private models(response: ServerResponse): void {
    const models = ([['riffle-fake', 'riff'], ['riffle-band-fake', 'band']] as const)
      .map(([name, kind]) => ({ name, kind, origin: 'shipped', current: true, usable: true, problem: '' }))
    sendJson(response, 200, { models, current: 'riffle-fake', current_band: 'riffle-band-fake' })
  }

  private seedImage(request: IncomingMessage, response: ServerResponse, file: string): void {
    const name = file.replace(/\.\w+$/, '')
    if (file.endsWith('.png')) sendBytes(request, response, 'image/png', spectrogram(name, 0, 256))
    else sendBytes(request, response, 'audio/wav', wav(render(name, 0, 5 * sampleRate, sampleRate), sampleRate))
  }

  private uploads(request: IncomingMessage, response: ServerResponse, method: string, id: string | undefined,
    what: string | undefined, type: string, raw: Buffer): void {
    if (method === 'POST') {
      const { name, data } = filePart(type, raw)
      return sendJson(response, 201, this.library.addUpload(name, data))
    }
    const upload = this.library.uploads.get(id ?? '')
    if (!upload) throw new Refusal(404, 'not_found', `no upload ${id}`)
    if (what === 'data') return sendBytes(request, response, 'audio/wav', upload.sound)
    if (what === 'picture.png') return sendBytes(request, response, 'image/png', upload.picture)
    sendJson(response, 200, upload.about)
  }

  private jobRoutes(request: IncomingMessage, response: ServerResponse, method: string, id: string | undefined,
    what: string | undefined, body: never): void {
    if (method === 'POST') return sendJson(response, 202, this.jobs.submit(body))
    if (!id) return sendJson(response, 200, { jobs: [...this.jobs.all.values()], queued: 0, running: 0 })
    if (method === 'DELETE') return sendJson(response, 200, this.jobs.cancel(id))
    const sound = this.jobs.sounds.get(request.url ?? '')
    if (sound) return sendBytes(request, response, 'audio/wav', sound)
    const preview = this.jobs.previews.get(id)
    if (what === 'preview.png' && preview) return sendBytes(request, response, 'image/png', preview)
    sendJson(response, 200, this.jobs.job(id))
  }

  private jamRoutes(request: IncomingMessage, response: ServerResponse, method: string, id: string | undefined,
    what: string | undefined, file: string | undefined, url: URL, body: never): void {
    if (!id) return method === 'POST' ? sendJson(response, 201, this.jams.start(body)) : sendJson(response, 200, { jams: this.jams.list() })
    if (what === 'played') return sendJson(response, 200, this.jams.played(id, (body as { segment: number }).segment))
    if (what === 'save') return sendJson(response, 201, this.jams.save(id, body))
    if (what === 'segments' && file) {
      const found = this.jams.file(id, file)
      return sendBytes(request, response, found.type, found.data)
    }
    if (what === 'segments') return sendJson(response, 200, { segments: this.jams.segments(id, Number(url.searchParams.get('from') ?? 0)) })
    if (method === 'PATCH') return sendJson(response, 200, this.jams.change(id, body))
    if (method === 'DELETE') return sendJson(response, 200, this.jams.end(id))
    sendJson(response, 200, this.jams.jam(id))
  }

  private clipRoutes(request: IncomingMessage, response: ServerResponse, method: string, id: string | undefined,
    what: string | undefined, url: URL, body: never): void {
    if (!id && method === 'POST') {
      const { upload, title } = body as { upload: string; title?: string }
      const stored = this.library.uploads.get(upload)
      if (!stored) throw new Refusal(404, 'not_found', `no upload ${upload}`)
      return sendJson(response, 201, this.library.addClip({
        pipeline: 'upload', request: {}, samples: this.library.samplesOf(upload), title: title ?? stored.about.name,
        sound: stored.sound, parents: [upload],
      }))
    }
    if (!id) return sendJson(response, 200, this.library.list(url.searchParams))
    if (what === 'lineage') return sendJson(response, 200, this.library.lineage(id))
    const clip = this.library.clip(id)
    if (what?.startsWith('audio.')) return sendBytes(request, response, 'audio/wav', clip.sound)
    if (what === 'picture.png') return sendBytes(request, response, 'image/png', clip.picture)
    if (method === 'PATCH') Object.assign(clip.about, body)
    if (method === 'DELETE') {
      this.library.clips.delete(id)
      response.writeHead(204).end()
      return
    }
    sendJson(response, 200, clip.about)
  }
}
