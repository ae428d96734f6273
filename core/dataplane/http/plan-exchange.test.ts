import { describe, expect, it } from 'vitest'
import { RequestHeadReader } from '#core/codec/http1-request-head.ts'
import { passageEntry, readMeshRequest } from '#core/dataplane/mesh/mesh-request.ts'
import type { ClientSide } from './forward-headers.ts'
import { testRoute } from './open-test-proxy.ts'
import { routePeerRequest } from './plan-exchange.ts'

const hosts = ['twins.test']
const forHttp = { ...testRoute({ match: { hosts } }), id: 'http' }
const forHttps = { ...testRoute({ match: { hosts, encryption: 'required' } }), id: 'https' }
const routes = [forHttps, forHttp]
const routesOfPlainClients = [forHttp, forHttps]

/** The side of a node that another one has dialled by TLS. */
const side: ClientSide = {
  peer: '10.0.0.1',
  client: { address: '10.0.0.1', port: 40_000 },
  peerTrusted: false,
  encrypted: true,
  destination: { address: '10.0.0.2', port: 8443 },
}

describe(routePeerRequest, () => {
  it.each([
    ['http', 'elsewhere', 'http'],
    ['https', 'elsewhere', 'https'],
    // What nobody knows of is no reason to leave the order of the listener.
    [undefined, undefined, 'https'],
    ['ftp', 'elsewhere', 'https'],
    // The peer may itself have been called by one, and then says https of a client that spoke http.
    ['https', 'http', 'http'],
    ['http', 'https', 'https'],
  ] as const)(
    'gives twins of %s, of which the peer took %s, to the one for %s',
    (proto, taken, expected) => {
      expect(routed({ proto, taken })).toBe(expected)
    },
  )

  it('goes by the last node of the way alone', () => {
    const earlier = `${passageEntry('a', 'https')}, ${passageEntry('b', 'elsewhere')}`
    expect(routed({ proto: 'http', passage: earlier })).toBe('http')
  })

  it('has one order where there is one', () => {
    expect(routed({ proto: 'http', taken: 'http' }, { routes })).toBe('https')
    expect(routed({ proto: 'http', host: 'none.test' })).toBeUndefined()
  })
})

interface Received {
  readonly host?: string
  readonly proto?: string | undefined
  /** The route that the peer took. */
  readonly taken?: string | undefined
  readonly passage?: string
}

function routed(
  { host = 'twins.test', proto, taken, passage }: Received,
  listener: Parameters<typeof routePeerRequest>[1] = { routes, routesOfPlainClients },
): string | undefined {
  const came = passage ?? (taken === undefined ? undefined : passageEntry('a', taken))
  const lines = [
    'GET / HTTP/1.1',
    'Host: second',
    `X-Forwarded-Host: ${host}`,
    ...(proto === undefined ? [] : [`X-Forwarded-Proto: ${proto}`]),
    ...(came === undefined ? [] : [`Mesh-Passage: ${came}`]),
  ]
  const reader = new RequestHeadReader({ maxHeadBytes: 4096, maxLineBytes: 1024 })
  reader.read(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), 0)
  const request = readMeshRequest(reader.take()!)
  if (request === undefined) throw new Error('not from a peer')
  return routePeerRequest(request.head, listener, side, request).route?.id
}
