import type { Channel } from '#core/dataplane/channel/channel.ts'
import { peekBytes } from '#core/dataplane/listeners/peek-bytes.ts'

/** RFC 9113 section 3.4. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/**
 * Whether a client begins with the preface of HTTP/2, within `timeoutMs`; undefined = it is gone. The preface itself
 * stays to be delivered.
 */
export async function awaitPreface(
  channel: Channel,
  timeoutMs: number,
): Promise<boolean | undefined> {
  const peeked = await peekBytes<boolean>(channel, { timeoutMs, decide }).seen
  if (peeked.kind === 'gone') return undefined
  return peeked.kind === 'decided' && peeked.verdict
}

function decide(
  bytes: Buffer,
): { readonly verdict: boolean; readonly taken: number } | 'need-more' {
  const length = Math.min(bytes.length, preface.length)
  const begins = bytes.subarray(0, length).equals(preface.subarray(0, length))
  if (begins && length < preface.length) return 'need-more'
  return { verdict: begins, taken: 0 }
}
