import { readProxyHeader, type ProxyHeader } from '#core/codec/proxy-protocol.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import { peekBytes } from './peek-bytes.ts'

export type AwaitedProxyHeader =
  | { readonly kind: 'read'; readonly source: ProxyHeader['source'] }
  /** The client began with something else, or ended before the header was complete. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'late' }
  | { readonly kind: 'gone' }

/**
 * Takes the PROXY header off the beginning of a paused channel, waiting at most `timeoutMs` for it. Afterwards the
 * channel is paused with all that follows the header still to be delivered.
 */
export async function awaitProxyHeader(
  channel: Channel,
  timeoutMs: number,
): Promise<AwaitedProxyHeader> {
  const peeked = await peekBytes<AwaitedProxyHeader>(channel, { timeoutMs, decide }).seen
  if (peeked.kind === 'decided') return peeked.verdict
  if (peeked.kind === 'gone') return { kind: 'gone' }
  return { kind: peeked.ended ? 'malformed' : 'late' }
}

function decide(
  bytes: Buffer,
): { readonly verdict: AwaitedProxyHeader; readonly taken: number } | 'need-more' {
  const header = readProxyHeader(bytes)
  if (header === 'need-more') return 'need-more'
  if (header === 'invalid') return { verdict: { kind: 'malformed' }, taken: 0 }
  return { verdict: { kind: 'read', source: header.source }, taken: header.length }
}
