// SPDX-License-Identifier: GPL-3.0-or-later
// Jobs as the server tells of them. Pages name those they submitted, so that a reload finds them again.
import { SvelteMap } from 'svelte/reactivity'
import { api } from '../api/client'
import { events } from '../api/events'
import type { Job, JobSubmit } from '../api/types'

const active = (job: Job) => job.state === 'queued' || job.state === 'running'

class Jobs {
  readonly all = new SvelteMap<string, Job>()
  private finished = new Map<string, ((job: Job) => void)[]>()

  start(): void {
    events.on('state', ({ job }) => job && this.put(job))
    events.on('end', ({ job }) => job && this.put(job))
    events.on('progress', ({ job: id, progress }) => this.change(id, { progress, state: 'running', position: 0 }))
    events.on('preview', ({ job: id, picture_url }) => this.change(id, { preview_url: picture_url }))
    events.on('clip', ({ job: id, clip }) => {
      const job = this.all.get(id)
      if (!job || job.clips.some((known) => known.id === clip.id)) return
      this.change(id, { clips: [...job.clips, clip] })
    })
    events.watch((connection) => {
      if (connection === 'open') void this.refresh()
    })
  }

  get running(): Job[] {
    return [...this.all.values()].filter(active)
  }

  async submit(page: string, job: JobSubmit): Promise<Job> {
    const submitted = await api.submit({ preview_interval: 2, ...job })
    // Its first events may have come before the answer.
    if (!this.all.has(submitted.id)) this.put(submitted)
    this.remember(page, [submitted.id, ...this.remembered(page)].slice(0, 12))
    return this.all.get(submitted.id)!
  }

  // Submits and waits for its end, however it ends.
  async run(page: string, job: JobSubmit): Promise<Job> {
    const submitted = await this.submit(page, job)
    return this.ended(submitted.id)
  }

  ended(id: string): Promise<Job> {
    const job = this.all.get(id)
    if (job && !active(job)) return Promise.resolve(job)
    return new Promise((resolve) => this.finished.set(id, [...(this.finished.get(id) ?? []), resolve]))
  }

  async cancel(id: string): Promise<void> {
    this.put(await api.cancel(id))
  }

  forget(page: string, id: string): void {
    this.remember(page, this.remembered(page).filter((known) => known !== id))
  }

  remembered(page: string): string[] {
    try {
      return JSON.parse(sessionStorage.getItem(`riffle.jobs.${page}`) ?? '[]') as string[]
    } catch {
      return []
    }
  }

  // After a reload: what the page had submitted, with what it has become.
  async recall(page: string): Promise<string[]> {
    const found = await Promise.all(this.remembered(page).map((id) => this.find(id)))
    return found.flatMap((job) => job?.id ?? [])
  }

  // Null for one the server no longer knows.
  async find(id: string): Promise<Job | null> {
    if (!this.all.has(id)) await api.job(id).then((job) => this.put(job), () => {})
    return this.all.get(id) ?? null
  }

  private remember(page: string, ids: string[]): void {
    sessionStorage.setItem(`riffle.jobs.${page}`, JSON.stringify(ids))
  }

  private async refresh(): Promise<void> {
    for (const job of this.running) {
      const now = await api.job(job.id).catch(() => null)
      if (now) this.put(now)
    }
  }

  private put(job: Job): void {
    const known = this.all.get(job.id)
    if (known && !active(known) && active(job)) return // an older word than the end
    this.all.set(job.id, job)
    if (active(job)) return
    for (const resolve of this.finished.get(job.id) ?? []) resolve(job)
    this.finished.delete(job.id)
  }

  private change(id: string, change: Partial<Job>): void {
    const job = this.all.get(id)
    if (job && active(job)) this.all.set(id, { ...job, ...change })
  }
}

export const jobs = new Jobs()
