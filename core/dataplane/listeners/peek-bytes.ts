import type { Channel } from '#core/dataplane/channel/channel.ts'

/** What the beginning of a connection was found to be. */
export type Peeked<verdict> =
  | { readonly kind: 'decided'; readonly verdict: verdict }
  /** The client ended, or nobody waits any longer. `bytes` is what it had sent by then. */
  | { readonly kind: 'undecided'; readonly ended: boolean; readonly bytes: Uint8Array }
  /** The connection died. */
  | { readonly kind: 'gone'; readonly fault: Error | undefined }

export interface PeekOptions<verdict> {
  readonly timeoutMs: number
  /** Decides from all bytes so far. `taken` of them are not delivered to anybody else. */
  readonly decide: (
    bytes: Buffer,
  ) => { readonly verdict: verdict; readonly taken: number } | 'need-more'
}

export interface Peek<verdict> {
  readonly seen: Promise<Peeked<verdict>>
  /** Ends the wait, unless what has come so far decides. */
  giveUp(): void
}

/**
 * Reads a paused channel until its first bytes have decided something. Afterwards the channel is paused with all bytes
 * that were not taken still to be delivered.
 */
export function peekBytes<verdict>(
  channel: Channel,
  { timeoutMs, decide }: PeekOptions<verdict>,
): Peek<verdict> {
  const { promise, resolve } = Promise.withResolvers<Peeked<verdict>>()
  let bytes = Buffer.alloc(0)
  let settled = false
  const settle = (peeked: Peeked<verdict>, taken = 0): void => {
    if (settled) return
    settled = true
    clearTimeout(timer)
    if (peeked.kind !== 'gone') {
      channel.pause()
      channel.unread(bytes.subarray(taken))
    }
    resolve(peeked)
  }
  // What has come is read first, after timers and before this: that the process had no turn is no client's silence.
  const giveUp = (): void => {
    setImmediate(() => settle({ kind: 'undecided', ended: false, bytes }))
  }
  const timer = setTimeout(giveUp, timeoutMs)
  channel.open({
    onBytes(chunk) {
      bytes = Buffer.concat([bytes, chunk])
      const decided = decide(bytes)
      if (decided === 'need-more') return
      settle({ kind: 'decided', verdict: decided.verdict }, decided.taken)
    },
    onEnd: () => settle({ kind: 'undecided', ended: true, bytes }),
    onDrain: () => {},
    onClosed: (fault) => settle({ kind: 'gone', fault }),
  })
  return { seen: promise, giveUp }
}
