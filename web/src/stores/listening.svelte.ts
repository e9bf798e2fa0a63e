// SPDX-License-Identifier: GPL-3.0-or-later
// The listening test that runs: where it is and what was said so far. Kept over a reload.
import { api, problemOf } from '../api/client'
import type { Clip, Problem } from '../api/types'
import { planned, scoresOf, type Plan, type Score, type Screen } from '../util/listening'
import { deck, type Playable } from './deck.svelte'

const key = 'riffle.listening'

interface Saved {
  plan: Plan
  scores: Score[]
  place: number
}

class Listening {
  plan = $state.raw<Plan | null>(null)
  screens = $state.raw<Screen[]>([])
  scores = $state.raw<Score[]>([])
  place = $state(0)
  problem = $state.raw<Problem | null>(null)

  get screen(): Screen | null {
    return this.plan ? (this.screens[this.place] ?? null) : null
  }

  get done(): boolean {
    return this.plan !== null && this.place >= this.screens.length
  }

  begin(plan: Plan, clips: Clip[]): void {
    this.plan = plan
    this.screens = planned(plan, clips)
    this.scores = []
    this.place = 0
    this.save()
    this.show()
  }

  // What the sounds of the screen are called on the deck.
  playables(screen: Screen): Playable[] {
    return screen.stimuli.map(({ clip, level }) => ({ id: clip.id, title: 'a sound', audio_url: clip.audio_url, level }))
  }

  next(values: number[]): void {
    const { screen, plan } = this
    if (!screen || !plan) return
    this.scores = [...this.scores, ...scoresOf(plan, screen, values)]
    this.place += 1
    this.save()
    this.show()
  }

  back(): void {
    if (this.place === 0) return
    this.place -= 1
    this.scores = this.scores.slice(0, this.screens.slice(0, this.place).reduce((sum, { stimuli }) => sum + stimuli.length, 0))
    this.save()
    this.show()
  }

  end(): void {
    this.plan = null
    this.screens = []
    this.scores = []
    deck.put([])
    sessionStorage.removeItem(key)
  }

  async restore(): Promise<void> {
    const text = sessionStorage.getItem(key)
    if (this.plan || text === null) return
    try {
      const { plan, scores, place } = JSON.parse(text) as Saved
      const clips = await Promise.all(plan.clips.map((id) => api.clip(id)))
      this.plan = plan
      this.screens = planned(plan, clips)
      this.scores = scores
      this.place = place
      this.show()
    } catch (error) {
      this.problem = problemOf(error)
      sessionStorage.removeItem(key)
    }
  }

  // Levels are of a screen: what another one left on the deck goes.
  private show(): void {
    deck.put([])
    deck.setLoop(this.screen !== null)
  }

  private save(): void {
    sessionStorage.setItem(key, JSON.stringify({ plan: this.plan!, scores: this.scores, place: this.place } satisfies Saved))
  }
}

export const listening = new Listening()
