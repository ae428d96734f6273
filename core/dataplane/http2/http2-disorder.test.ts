import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, constants, type ClientHttp2Session } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { portOf } from '#core/base/loopback-ports.ts'
import { openDataplane } from '#core/dataplane/dataplane.ts'
import { RecordingObserver } from '#core/dataplane/stream/open-test-stream.ts'
import { testHttpListener } from '#core/dataplane/test-http-listener.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'

const identity = await selfSigned(kongSubject)

describe('HTTP/2 among clients and upstreams that break off at any moment', () => {
  it.each([
    ['plain', undefined, 1],
    ['TLS', { fallback: identity, byServerName: new Map() }, 2],
  ] as const)(
    'finishes every request: %s',
    { timeout: 120_000 },
    async (_name, identities, seed) => {
      const chance = randomNumbers(seed)
      const upstream = createServer(serveBadly(chance))
      upstream.listen(0, '127.0.0.1')
      await once(upstream, 'listening')
      const target = { host: '127.0.0.1', port: portOf(upstream) }
      const observer = new RecordingObserver()
      await using dataplane = openDataplane({ observer })
      const listener = { ...testHttpListener([{ upstream: { target } }], identities), http2: true }
      await dataplane.apply({ version: '1', listeners: [listener] })
      const { port } = dataplane.listening[0]!
      const url = `${identities === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
      for (let batch = 0; batch < 6; batch++) {
        // oxlint-disable-next-line no-await-in-loop -- a batch at a time
        await Promise.all(Array.from({ length: 6 }, () => visitBadly(url, chance)))
      }
      const deadline = performance.now() + 30_000
      while (dataplane.counters.active > 0) {
        expect(performance.now(), JSON.stringify(dataplane.counters)).toBeLessThan(deadline)
        // oxlint-disable-next-line no-await-in-loop -- until the deadline
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      // Each request that was dialled for was finished; no answer was invented for one that was not.
      const told = (what: string): number => observer.lines.filter((line) => line === what).length
      expect(told('request')).toBe(dataplane.counters.requests)
      expect(told('request')).toBeGreaterThanOrEqual(told('dialing 1 127.0.0.1'))
      expect(told('dialing 1 127.0.0.1')).toBeGreaterThan(100)
      upstream.closeAllConnections()
      upstream.close()
    },
  )
})

type Chance = (below: number) => number

function randomNumbers(seed: number): Chance {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >> 8) % below
  }
}

function serveBadly(chance: Chance): RequestListener {
  return (request, response) => {
    request.on('error', () => {})
    response.on('error', () => {})
    switch (chance(6)) {
      case 0:
        request.resume()
        response.end(Buffer.alloc(chance(300_000)))
        break
      case 1:
        request.pipe(response)
        break
      case 2:
        response.destroy()
        break
      case 3:
        response.write(Buffer.alloc(100_000), () => response.destroy())
        break
      case 4:
        setTimeout(() => response.writeHead(204).end(), chance(20))
        break
      default:
        response.writeEarlyHints({ link: '</a>; rel=preload' })
        setTimeout(() => response.end('late'), chance(20))
    }
  }
}

async function visitBadly(url: string, chance: Chance): Promise<void> {
  const client: ClientHttp2Session = connect(url, { rejectUnauthorized: false })
  client.on('error', () => {})
  const closed = new Promise((resolve) => client.once('close', resolve))
  await Promise.race([once(client, 'connect').catch(() => {}), closed])
  for (let at = 0; at < 8 && !client.closed && !client.destroyed; at++) {
    const request = client.request({ ':path': '/', ':method': chance(2) === 0 ? 'GET' : 'POST' })
    request.on('error', () => {})
    if (chance(4) > 0) request.resume()
    if (chance(2) === 0) request.write(Buffer.alloc(chance(200_000)))
    if (chance(3) > 0) request.end()
    if (chance(3) === 0) setTimeout(() => request.close(constants.NGHTTP2_CANCEL), chance(20))
  }
  const leave = [
    () => client.close(),
    () => client.destroy(),
    () => client.destroy(undefined, constants.NGHTTP2_PROTOCOL_ERROR),
  ][chance(3)]!
  setTimeout(leave, 5 + chance(40))
  setTimeout(() => client.destroy(), 60)
  await closed
}
