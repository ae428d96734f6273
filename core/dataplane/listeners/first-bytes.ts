import { readClientHello, type ClientHello } from '#core/codec/client-hello.ts'
import { sniff } from '#core/codec/sniff.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import { peekBytes, type Peeked } from './peek-bytes.ts'

/** What a client's first bytes say. `gone`: the connection died before they said anything. */
export type FirstBytes =
  /** `firstByte` is undefined for a client that said nothing. */
  | { readonly kind: 'plain'; readonly firstByte: number | undefined }
  | { readonly kind: 'tls'; readonly hello: ClientHello }
  | { readonly kind: 'gone'; readonly fault: Error | undefined }

/** Decides from all bytes so far. What looks like TLS but cannot be read as such is plain. */
export function classifyFirstBytes(
  bytes: Uint8Array,
): Exclude<FirstBytes, { kind: 'gone' }> | 'need-more' {
  const kind = sniff(bytes)
  if (kind === 'need-more') return 'need-more'
  if (kind === 'plain') return { kind: 'plain', firstByte: bytes[0] }
  const hello = readClientHello(bytes)
  if (hello === 'need-more') return 'need-more'
  return hello === 'invalid' ? { kind: 'plain', firstByte: bytes[0] } : { kind: 'tls', hello }
}

/** Watches for the first bytes of a channel and puts them back when it has seen enough. */
export interface FirstBytesWatch {
  readonly seen: Promise<FirstBytes>
  /** Ends the wait: the client counts as plain, unless what it has sent so far decides. */
  giveUp(): void
}

/**
 * Reads a paused channel until it is clear what the client speaks, at most `timeoutMs`; a client that stays silent or
 * ends is plain. Afterwards the channel is paused with all bytes still to be delivered.
 */
export function watchFirstBytes(channel: Channel, timeoutMs: number): FirstBytesWatch {
  const peek = peekBytes(channel, {
    timeoutMs,
    decide: (bytes) => {
      const verdict = classifyFirstBytes(bytes)
      return verdict === 'need-more' ? 'need-more' : { verdict, taken: 0 }
    },
  })
  return { seen: peek.seen.then(firstBytesOf), giveUp: () => peek.giveUp() }
}

function firstBytesOf(peeked: Peeked<FirstBytes>): FirstBytes {
  if (peeked.kind === 'decided') return peeked.verdict
  return peeked.kind === 'gone' ? peeked : { kind: 'plain', firstByte: peeked.bytes[0] }
}
