import { canariesIn, type Canary } from '#lab/probes/canary.ts'
import type { Direction } from '#lab/probes/byte-stream.ts'
import type { Frame } from '#lab/probes/pcap.ts'
import { frameAt, joinRuns } from '#lab/probes/runs.ts'
import { offsetInDirection, type ContentPart } from '#lab/probes/tls/read-direction.ts'
import { splitHttpRequests } from './http-messages.ts'

/** A request that a client sent on a connection: over HTTP one of several, otherwise all that it said. */
export interface SentRequest {
  /** Undefined: it carries none. */
  readonly id: Canary | undefined
  /** In which it, or the id in a stream, began. */
  readonly frame: Frame | undefined
}

export interface ReadConnection {
  readonly toServer: Direction
  /** What TLS kept secret, where the connection is TLS. */
  readonly content: { readonly toServer: readonly ContentPart[] } | undefined
}

/**
 * The requests of a connection, in order, each with the ids it carries: an HTTP request once for each, however often it
 * names it, a stream as often as it says it.
 */
export function requestsOf({ toServer, content }: ReadConnection): readonly SentRequest[] {
  const parts = content?.toServer ?? joinRuns(toServer)
  const bytes = Buffer.concat(parts.map((part) => part.bytes))
  if (bytes.length === 0) return []
  const frame = (at: number): Frame | undefined =>
    frameAt(toServer, content === undefined ? at : offsetInDirection(content.toServer, at))
  const requests = splitHttpRequests(bytes)
  if (requests === undefined) return saidInStream(bytes.toString('latin1'), frame)
  return requests.flatMap(({ offset, bytes: request }) => {
    const ids = new Set<Canary | undefined>(canariesIn(Buffer.from(request).toString('latin1')))
    if (ids.size === 0) ids.add(undefined)
    return [...ids].map((id) => ({ id, frame: frame(offset) }))
  })
}

function saidInStream(
  text: string,
  frame: (at: number) => Frame | undefined,
): readonly SentRequest[] {
  let from = 0
  const said = canariesIn(text).map((id) => {
    const at = text.indexOf(id, from)
    from = at + id.length
    return { id, frame: frame(at) }
  })
  return said.length > 0 ? said : [{ id: undefined, frame: frame(0) }]
}
