/** Spans of time that a limit can be set for, shortest first. */
export const periods = ['second', 'minute', 'hour', 'day', 'month', 'year'] as const

export type Period = (typeof periods)[number]

/** How much is allowed in each period. */
export type Limits = Readonly<Partial<Record<Period, number | null>>>

/** A part of the calendar, in UTC; Unix times in ms. `end` is the start of the next one. */
export interface Window {
  readonly start: number
  readonly end: number
}

/** The second, minute … year of the calendar that a moment is in. */
export function windowAt(period: Period, nowMs: number): Window {
  const now = new Date(nowMs)
  const year = now.getUTCFullYear()
  const month = now.getUTCMonth()
  switch (period) {
    case 'month':
      return { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) }
    case 'year':
      return { start: Date.UTC(year, 0), end: Date.UTC(year + 1, 0) }
    case 'second':
    case 'minute':
    case 'hour':
    case 'day': {
      const start = Math.floor(nowMs / lengthMs[period]) * lengthMs[period]
      return { start, end: start + lengthMs[period] }
    }
  }
}

const lengthMs = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }
