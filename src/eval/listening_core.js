// SPDX-License-Identifier: GPL-3.0-or-later
// What every listening test of Riffle has in common, that of riffle listen-test and that of the studio: an order
// that a seed decides, and the table of scores. Plain JavaScript without imports: CMake puts it into a page.

/**
 * Numbers from 0 to below 1 that follow from a text (mulberry32, begun with FNV-1a).
 * @param {string} seed
 * @returns {() => number}
 */
export function seeded(seed) {
  let state = 2166136261
  for (const letter of seed) state = Math.imul(state ^ letter.codePointAt(0), 16777619)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {() => number} random
 * @returns {T[]}
 */
export function shuffled(list, random) {
  const result = [...list]
  for (let i = result.length - 1; i > 0; --i) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]]
  }
  return result
}

/**
 * Question by question, each with all trials in an order of its own.
 * @template Q, T
 * @param {readonly Q[]} questions
 * @param {readonly T[]} trials
 * @param {() => number} random
 * @returns {{ question: Q, trial: T }[]}
 */
export function screensOf(questions, trials, random) {
  return questions.flatMap((question) => shuffled(trials, random).map((trial) => ({ question, trial })))
}

/**
 * What stimuli are called: A, B, C and so on.
 * @param {number} place
 * @returns {string}
 */
export function letterOf(place) {
  return String.fromCharCode(65 + place)
}

/**
 * The table riffle listen-test --scores reads. Rows: listener, question, trial, system, score.
 * @param {readonly (readonly (string | number)[])[]} rows
 * @returns {string}
 */
export function scoresCsv(rows) {
  const quoted = (value) => {
    const text = String(value).replace(/\s+/g, ' ')
    return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  return ['listener,question,trial,system,score', ...rows.map((row) => row.map(quoted).join(','))].join('\n') + '\n'
}
