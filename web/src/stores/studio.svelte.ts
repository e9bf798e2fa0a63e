// SPDX-License-Identifier: GPL-3.0-or-later
// What every page needs: the server's capabilities, the connection, the theme, the route, short notices.
import { api, problemOf, ApiError } from '../api/client'
import { events, type Connection } from '../api/events'
import type { Capabilities, Field, Problem, Request } from '../api/types'
import type { Theme } from '../spectrogram/palette'
import { hashOf, parseHash, type Page, type Route } from '../util/route'

export type ThemeChoice = Theme | 'system'

export interface Notice {
  id: number
  text: string
  hint: string
  bad: boolean
}

const themeKey = 'riffle.theme'

class Studio {
  capabilities = $state.raw<Capabilities | null>(null)
  connection = $state<Connection>('connecting')
  problem = $state.raw<Problem | null>(null) // why there are no capabilities
  locked = $state(false) // the server asks for a key
  route = $state.raw<Route>(parseHash(''))
  themeChoice = $state<ThemeChoice>('system')
  theme = $state<Theme>('light')
  notices = $state<Notice[]>([])
  // A request a page is to take into its form, as "use again" and dropped clips hand it over.
  handedOver = $state.raw<{ page: Page; request: Request } | null>(null)
  private count = 0

  start(): void {
    this.followTheme()
    this.follow()
    window.addEventListener('hashchange', () => this.follow())
    events.watch((connection) => {
      const before = this.connection
      this.connection = connection
      if (connection === 'open' && (before === 'lost' || !this.capabilities)) void this.load()
    })
    void this.load().then(() => events.start())
  }

  async load(): Promise<void> {
    try {
      this.capabilities = await api.capabilities()
      this.problem = null
      this.locked = false
    } catch (error) {
      this.problem = problemOf(error)
      this.locked = error instanceof ApiError && error.problem.status === 401
    }
  }

  async unlock(key: string): Promise<void> {
    await api.login(key)
    await this.load()
    events.stop()
    events.start()
  }

  get sampleRate(): number {
    return this.capabilities?.model?.sample_rate ?? 44100
  }

  fields(pipeline: string): Field[] {
    return this.capabilities?.pipelines.find(({ name }) => name === pipeline)?.fields ?? []
  }

  go(page: Page, query: Parameters<typeof hashOf>[1] = {}): void {
    location.hash = hashOf(page, query)
  }

  handOver(page: Page, request: Request, query: Parameters<typeof hashOf>[1] = {}): void {
    this.handedOver = { page, request }
    this.go(page, query)
  }

  takeOver(page: Page): Request | null {
    if (this.handedOver?.page !== page) return null
    const { request } = this.handedOver
    this.handedOver = null
    return request
  }

  say(text: string, hint = '', bad = false): void {
    const id = ++this.count
    this.notices.push({ id, text, hint, bad })
    setTimeout(() => this.dismiss(id), bad ? 12_000 : 5_000)
  }

  complain(error: unknown): void {
    const { detail, hint } = problemOf(error)
    this.say(detail, hint, true)
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id)
  }

  chooseTheme(choice: ThemeChoice): void {
    this.themeChoice = choice
    localStorage.setItem(themeKey, choice)
    this.applyTheme()
  }

  private follow(): void {
    this.route = parseHash(location.hash)
  }

  private followTheme(): void {
    const saved = localStorage.getItem(themeKey)
    if (saved === 'light' || saved === 'dark') this.themeChoice = saved
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.applyTheme())
    this.applyTheme()
  }

  private applyTheme(): void {
    const dark = window.matchMedia('(prefers-color-scheme: dark)').matches
    this.theme = this.themeChoice === 'system' ? (dark ? 'dark' : 'light') : this.themeChoice
    document.documentElement.dataset.theme = this.theme
  }
}

export const studio = new Studio()
