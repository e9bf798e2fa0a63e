// SPDX-License-Identifier: GPL-3.0-or-later
// On narrow screens results lie below the form: what was asked for is brought into view.

export function showResults(element: HTMLElement | undefined): void {
  if (window.innerWidth <= 860) element?.scrollIntoView({ block: 'start' })
}
