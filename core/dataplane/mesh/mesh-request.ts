import { headerField, headerValue } from '#core/codec/http1-header-field.ts'
import type { RequestHead } from '#core/codec/http1-request-head.ts'

/**
 * Tells a node through which nodes of its mesh, and by which of their routes, a request has come. It is believed of
 * peers of the mesh alone, and sent to them alone.
 */
export const passageHeader = 'Mesh-Passage'

/** A request of a peer of the mesh. */
export interface MeshRequest {
  /** As the first node of the mesh received it, as far as that matters for choosing a route. */
  readonly head: RequestHead
  /** Where it came through, the first node first. */
  readonly passage: readonly string[]
  /** Whether its client used TLS, as far as the peer knows. */
  readonly clientEncrypted: boolean
}

/**
 * Undoes what the peer did to a request so that it could be sent here (Kong 1.1, service mesh): `Host` is the one that
 * the client named. Undefined when the peer did not say which one that was.
 */
export function readMeshRequest(head: RequestHead): MeshRequest | undefined {
  const host = headerValue(head.fields, 'x-forwarded-host')
  if (host === undefined || host === '') return undefined
  const passage: string[] = []
  const fields = []
  for (const field of head.fields) {
    if (field.key === 'host') continue
    if (field.key === passageKey) passage.push(...entriesOf(field.value))
    else fields.push(field)
  }
  return {
    head: { ...head, authority: host, fields: [headerField('Host', host), ...fields] },
    passage,
    clientEncrypted: headerValue(head.fields, 'x-forwarded-proto') !== 'http',
  }
}

/** A node and one of its routes, as they stand in the passage of a request. */
export function passageEntry(nodeId: string, routeId: string): string {
  return `${encodeURIComponent(nodeId)}/${encodeURIComponent(routeId)}`
}

/** Whether the node that sent a request here took this route. */
export function cameByRoute({ passage }: MeshRequest, routeId: string): boolean {
  return passage.at(-1)?.endsWith(`/${encodeURIComponent(routeId)}`) === true
}

export const passageKey = passageHeader.toLowerCase()

function entriesOf(value: string): readonly string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}
