import { statSync, watch } from 'node:fs'

/** How long after a sign of change to look again, in ms: the sign comes before the change can be read. */
const secondLooksMs = [1, 4, 20, 100] as const

/** Where no notice of file changes can be had, how often to look, in ms. */
const blindPollMs = 50

/** How long after a stamp what is written may still get the same one: a tick of the kernel, or where seconds count, two. */
const stampMs = 100
const wholeSecondsMs = 2100

/**
 * Calls `look` now, soon after another process has written to the write-ahead log, and every `pollMs` in any case. `look`
 * answers whether it found a change. It does not keep the process alive.
 */
export function watchLog(
  file: string,
  { pollMs, look }: { readonly pollMs: number; readonly look: () => Promise<boolean> },
): Disposable {
  let closed = false
  let looking = false
  let again = false
  let timer: NodeJS.Timeout | undefined
  const writes = new Writes(file)

  const later = (round: number): void => {
    const delay = secondLooksMs[round]
    if (closed || delay === undefined) return
    timer = setTimeout(() => void lookNow(round + 1), delay).unref()
  }
  const lookNow = async (round: number): Promise<void> => {
    if (closed) return
    if (looking) {
      again = true
      return
    }
    looking = true
    clearTimeout(timer)
    writes.look()
    const found = await look()
    looking = false
    if (again) {
      again = false
      void lookNow(0)
    } else if (!found) {
      later(round)
    }
  }

  const notices = watchFile(file, () => {
    if (writes.mayBeUnseen()) void lookNow(0)
  })
  const every = setInterval(
    () => void lookNow(secondLooksMs.length),
    notices === undefined ? Math.min(pollMs, blindPollMs) : pollMs,
  ).unref()
  // Of what has happened since the store was opened nobody gives notice.
  void lookNow(secondLooksMs.length)
  return {
    [Symbol.dispose]: () => {
      closed = true
      clearTimeout(timer)
      clearInterval(every)
      notices?.close()
    },
  }
}

/**
 * Tells what is written from what else gives notice: whoever opens the log as root sets its owner, and where each of a
 * hundred nodes looks several times whenever another one starts, they do little else.
 */
class Writes {
  readonly #file: string
  #stamp: bigint | undefined
  /** When the stamp was new. */
  #since = 0
  /** When the last look began. */
  #lookedAt = 0

  constructor(file: string) {
    this.#file = file
  }

  look(): void {
    this.#lookedAt = performance.now()
  }

  /** Whether there may be something that was written after the last look began. */
  mayBeUnseen(): boolean {
    const stamp = readStamp(this.#file)
    if (stamp === undefined || stamp !== this.#stamp) {
      this.#stamp = stamp
      this.#since = performance.now()
      return true
    }
    const withinMs = stamp % 1_000_000_000n === 0n ? wholeSecondsMs : stampMs
    return this.#lookedAt < this.#since + withinMs
  }
}

function readStamp(file: string): bigint | undefined {
  try {
    return statSync(file, { bigint: true }).mtimeNs
  } catch {
    return undefined
  }
}

/** undefined where the system has no more watches to give, or the file is not there. */
function watchFile(file: string, changed: () => void): { close(): void } | undefined {
  try {
    const watcher = watch(file, { persistent: false }, changed)
    // The poll stays, whatever happens to the watcher.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
