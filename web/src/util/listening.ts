// SPDX-License-Identifier: GPL-3.0-or-later
// A blind listening test of clips: what is heard beside what, in which order, and the scores it gives. The order and
// the table are those of riffle listen-test.
import { screensOf, seeded, shuffled } from '../../../src/eval/listening_core.js'
import type { Clip } from '../api/types'
import { factorOf } from '../audio/mixdown'

export type Together = 'prompt' | 'source' | 'all' // clips with the same of it are heard side by side
export type Apart = 'model' | 'kind' | 'tags' | 'clip' // what the scores are about
export type Method = 'sliders' | 'pairs'

export interface Question {
  text: string
  words: boolean // the prompt is shown with it
}

export interface Plan {
  clips: string[]
  together: Together
  apart: Apart
  method: Method
  questions: Question[]
  reference: string // a system that is also played openly; empty: none
  seed: number
  listener: string
}

export interface Stimulus {
  clip: Clip
  system: string
  level: number // a factor: all of a trial are as loud as its softest
}

export interface Trial {
  name: string
  prompt: string
  stimuli: Stimulus[]
}

export interface Screen {
  question: Question
  trial: Trial
  stimuli: Stimulus[] // in the order they are shown
}

export type Score = [listener: string, question: string, trial: string, system: string, score: number]

export const mostStimuli = 12 // more than anybody can compare
export const standardQuestions: Question[] = [
  { text: 'How good is the sound?', words: false },
  { text: 'How well does it fit the words?', words: true },
]

function trialName(clip: Clip, together: Together): string {
  if (together === 'all') return 'all'
  if (together === 'prompt') return clip.prompt || 'without words'
  return String(clip.request.context || clip.request.file || clip.parents[0] || 'from nothing')
}

export function systemOf(clip: Clip, apart: Apart): string {
  if (apart === 'model') return clip.model || 'no model'
  if (apart === 'kind') return clip.pipeline
  if (apart === 'tags') return [...clip.tags].sort().join(' ') || 'no tag'
  return `${clip.title} (${clip.id})`
}

// Those with two sounds at least, by name.
export function trialsOf(clips: Clip[], together: Together, apart: Apart): Trial[] {
  const groups = new Map<string, Clip[]>()
  for (const clip of clips) {
    const name = trialName(clip, together)
    groups.set(name, [...(groups.get(name) ?? []), clip])
  }
  return [...groups].filter(([, group]) => group.length > 1).sort(([a], [b]) => a.localeCompare(b)).map(([name, group]) => {
    const softest = Math.min(...group.map(({ loudness_lufs }) => loudness_lufs))
    const prompts = new Set(group.map(({ prompt }) => prompt))
    const stimuli = [...group].sort((a, b) => a.id.localeCompare(b.id)).map((clip) =>
      ({ clip, system: systemOf(clip, apart), level: factorOf(softest - clip.loudness_lufs) }))
    return { name, prompt: prompts.size === 1 ? [...prompts][0]! : '', stimuli }
  })
}

export function systemsOf(trials: Trial[]): string[] {
  return [...new Set(trials.flatMap(({ stimuli }) => stimuli.map(({ system }) => system)))].sort()
}

// What stands in the way of a test; empty: nothing.
export function problemOfTrials(trials: Trial[], method: Method): string {
  if (trials.length === 0) return 'No two of the clips would be heard side by side.'
  const large = trials.find(({ stimuli }) => method === 'sliders' && stimuli.length > mostStimuli)
  if (large) return `${large.name}: ${large.stimuli.length} sounds on one page, ${mostStimuli} are the most; choose fewer, or pairs.`
  if (systemsOf(trials).length < 2) return 'All clips would count as one and the same: tell them apart by something else.'
  return ''
}

function pairsOf(list: Stimulus[]): Stimulus[][] {
  return list.flatMap((first, i) => list.slice(i + 1).map((second) => [first, second]))
    .filter(([first, second]) => first!.system !== second!.system)
}

// Everything a listener sees, in that listener's own order: the same seed and name give it again.
export function planned(plan: Plan, clips: Clip[]): Screen[] {
  const random = seeded(`${plan.seed} ${plan.listener}`)
  const trials = trialsOf(clips, plan.together, plan.apart)
  const heard = trials.flatMap((trial) => (plan.method === 'sliders' ? [trial.stimuli] : pairsOf(trial.stimuli)).map((stimuli) => ({ trial, stimuli })))
  const asked = plan.questions.filter(({ text }) => text.trim() !== '')
  return screensOf(asked, heard, random).map(({ question, trial: { trial, stimuli } }) =>
    ({ question, trial, stimuli: shuffled(stimuli, random) }))
}

// One number a stimulus, 0 to 100. Of a pair the better one has 100, the other 0, and both 50 where none is.
export function scoresOf(plan: Plan, screen: Screen, values: number[]): Score[] {
  return screen.stimuli.map(({ system }, place) => [plan.listener, screen.question.text, screen.trial.name, system, values[place]!])
}

export interface Mean {
  question: string
  system: string
  count: number
  mean: number
}

// Best first within a question.
export function meansOf(scores: Score[]): Mean[] {
  const sums = new Map<string, Mean>()
  for (const [, question, , system, score] of scores) {
    const key = JSON.stringify([question, system])
    const known = sums.get(key) ?? { question, system, count: 0, mean: 0 }
    sums.set(key, { ...known, count: known.count + 1, mean: (known.mean * known.count + score) / (known.count + 1) })
  }
  const order = [...new Set(scores.map(([, question]) => question))]
  return [...sums.values()].sort((a, b) => order.indexOf(a.question) - order.indexOf(b.question) || b.mean - a.mean)
}
