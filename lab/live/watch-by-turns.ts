import { watchLinks, type WatchOptions } from './watch-links.ts'

const everyMs = 50

export interface TurnOptions extends WatchOptions {
  /** How long what belongs to a packet may be on its way behind it. */
  readonly lateMs: number
  /** What is before the time is complete; the last turn, behind the last packet, is for all there is. */
  readonly onTurn: (beforeMs: number) => void
}

/** Watches links until the signal aborts and, while packets come, has what is done about them done by turns. */
export async function watchByTurns({ lateMs, onTurn, ...watch }: TurnOptions): Promise<void> {
  const timer = setInterval(() => {
    onTurn(Date.now() - lateMs)
  }, everyMs)
  try {
    await watchLinks(watch)
  } finally {
    clearInterval(timer)
    onTurn(Number.POSITIVE_INFINITY)
  }
}
