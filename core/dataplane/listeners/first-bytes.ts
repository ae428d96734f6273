import { readClientHello, type ClientHello } from '#core/codec/client-hello.ts'
import { sniff } from '#core/codec/sniff.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'

/** What a client's first bytes say. `gone`: the connection died before they said anything. */
export type FirstBytes =
  | { readonly kind: 'plain' }
  | { readonly kind: 'tls'; readonly hello: ClientHello }
  | { readonly kind: 'gone'; readonly fault: Error | undefined }

/** Decides from all bytes so far. What looks like TLS but cannot be read as such is plain. */
export function classifyFirstBytes(bytes: Uint8Array): FirstBytes | 'need-more' {
  const kind = sniff(bytes)
  if (kind === 'need-more') return 'need-more'
  if (kind === 'plain') return { kind: 'plain' }
  const hello = readClientHello(bytes)
  if (hello === 'need-more') return 'need-more'
  return hello === 'invalid' ? { kind: 'plain' } : { kind: 'tls', hello }
}

/** Watches for the first bytes of a channel and puts them back when it has seen enough. */
export interface FirstBytesWatch {
  readonly seen: Promise<FirstBytes>
  /** Ends the wait: the client counts as plain, unless it is decided already. */
  giveUp(): void
}

/**
 * Reads a paused channel until it is clear what the client speaks, at most `timeoutMs`; a client that stays silent or
 * ends is plain. Afterwards the channel is paused with all bytes still to be delivered.
 */
export function watchFirstBytes(channel: Channel, timeoutMs: number): FirstBytesWatch {
  const { promise, resolve } = Promise.withResolvers<FirstBytes>()
  let bytes = Buffer.alloc(0)
  let settled = false
  const settle = (verdict: FirstBytes): void => {
    if (settled) return
    settled = true
    clearTimeout(timer)
    if (verdict.kind !== 'gone') {
      channel.pause()
      channel.unread(bytes)
    }
    resolve(verdict)
  }
  const plain: FirstBytes = { kind: 'plain' }
  const timer = setTimeout(() => settle(plain), timeoutMs)
  channel.open({
    onBytes(chunk) {
      bytes = Buffer.concat([bytes, chunk])
      const verdict = classifyFirstBytes(bytes)
      if (verdict !== 'need-more') settle(verdict)
    },
    onEnd: () => settle(plain),
    onDrain: () => {},
    onClosed: (fault) => settle({ kind: 'gone', fault }),
  })
  return { seen: promise, giveUp: () => settle(plain) }
}
