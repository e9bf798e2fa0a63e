// SPDX-License-Identifier: GPL-3.0-or-later
// Answers of the fake server: JSON, files with ranges, problem documents.
import type { IncomingMessage, ServerResponse } from 'node:http'

export class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, detail: string, readonly hint = '') {
    super(detail)
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

export function sendProblem(response: ServerResponse, error: unknown): void {
  const refusal = error instanceof Refusal ? error : new Refusal(500, 'internal', String(error))
  response.writeHead(refusal.status, { 'content-type': 'application/problem+json' })
  response.end(JSON.stringify({
    type: 'about:blank', title: refusal.code, status: refusal.status, code: refusal.code,
    detail: refusal.message, hint: refusal.hint,
  }))
}

export function sendBytes(request: IncomingMessage, response: ServerResponse, type: string, data: Buffer): void {
  const headers = { 'content-type': type, 'accept-ranges': 'bytes', 'cache-control': 'no-store' }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (!range) {
    response.writeHead(200, { ...headers, 'content-length': data.length })
    response.end(data)
    return
  }
  const from = Number(range[1])
  const to = range[2] ? Math.min(Number(range[2]), data.length - 1) : data.length - 1
  response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${to}/${data.length}` })
  response.end(data.subarray(from, to + 1))
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

export interface Part {
  name: string
  data: Buffer
}

// The first file of a multipart body.
export function filePart(type: string, body: Buffer): Part {
  const boundary = /boundary=(.+)$/.exec(type)?.[1]
  if (!boundary) return { name: 'upload', data: body }
  const headEnd = body.indexOf('\r\n\r\n')
  const head = body.subarray(0, headEnd).toString('utf8')
  const end = body.indexOf(`\r\n--${boundary}`, headEnd)
  return { name: /filename="([^"]*)"/.exec(head)?.[1] ?? 'upload', data: body.subarray(headEnd + 4, end) }
}
