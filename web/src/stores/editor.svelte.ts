// SPDX-License-Identifier: GPL-3.0-or-later
// The clip that is edited: its versions, and the jobs that make the next one.
import { api, problemOf } from '../api/client'
import type { Clip, Job, Problem, Request } from '../api/types'
import type { Box } from '../spectrogram/mask'
import { redo, rootOf, undo, versionsOf, type Version } from '../util/versions'
import { jobs } from './jobs.svelte'

const pageKey = 'edit'

export class Editor {
  clip = $state.raw<Clip | null>(null)
  versions = $state.raw<Version[]>([])
  jobId = $state<string | null>(null)
  left = $state(0) // boxes that are still to be made
  problem = $state.raw<Problem | null>(null)
  private cameFrom: string | null = null
  private stopped = false

  constructor(private readonly onversion: (id: string) => void) {}

  get job(): Job | null {
    return this.jobId === null ? null : (jobs.all.get(this.jobId) ?? null)
  }

  get busy(): boolean {
    return this.job !== null && (this.job.state === 'queued' || this.job.state === 'running')
  }

  get before(): Clip | null {
    const parent = this.versions.find(({ clip }) => clip.id === this.clip?.id)?.parent
    return this.versions.find(({ clip }) => clip.id === parent)?.clip ?? null
  }

  get undoTo(): string | null {
    return this.clip && undo(this.versions, this.clip.id)
  }

  get redoTo(): string | null {
    return this.clip && redo(this.versions, this.clip.id, this.cameFrom)
  }

  async open(id: string): Promise<void> {
    try {
      const lineage = await api.lineage(id)
      const root = rootOf(lineage)
      const whole = root.id === id ? lineage : await api.lineage(root.id)
      this.clip = lineage.clip
      this.versions = versionsOf(whole)
      this.problem = null
    } catch (error) {
      this.problem = problemOf(error)
    }
  }

  // After a reload: a job of this page that still runs goes on being shown.
  async recall(): Promise<void> {
    const [id] = await jobs.recall(pageKey)
    const job = id === undefined ? undefined : jobs.all.get(id)
    if (!job || (job.state !== 'queued' && job.state !== 'running')) return
    this.jobId = job.id
    await this.finish(await jobs.ended(job.id))
  }

  choose(id: string): void {
    this.cameFrom = this.clip?.id ?? null
    this.onversion(id)
  }

  // One job a box, each on top of the one before.
  async repaint(boxes: Box[], request: Request): Promise<boolean> {
    this.stopped = false
    for (const [place, box] of boxes.entries()) {
      this.left = boxes.length - place
      const band: Request = {}
      if (box.low_hz !== null) band.low_hz = box.low_hz
      if (box.high_hz !== null) band.high_hz = box.high_hz
      const span = { from: `${box.from_s}s`, to: `${box.to_s}s` }
      if (this.stopped || !(await this.run('inpaint', { ...request, ...band, ...span }))) return false
    }
    this.left = 0
    return true
  }

  async run(pipeline: string, request: Request): Promise<boolean> {
    if (!this.clip) return false
    this.problem = null
    try {
      const job = await jobs.submit(pageKey, { pipeline, request: { ...request, file: this.clip.id } })
      this.jobId = job.id
      return await this.finish(await jobs.ended(job.id))
    } catch (error) {
      this.problem = problemOf(error)
      return false
    }
  }

  async cancel(): Promise<void> {
    this.stopped = true
    if (this.jobId !== null) await jobs.cancel(this.jobId)
  }

  private async finish(job: Job): Promise<boolean> {
    if (job.state === 'failed') this.problem = job.error
    const made = job.clips.at(-1)
    if (job.state !== 'done' || !made) return false
    await this.open(made.id)
    this.onversion(made.id)
    return true
  }
}
