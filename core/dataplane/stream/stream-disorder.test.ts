import { connect, Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { openTestServer, openTestStream } from './open-test-stream.ts'

const identity = await selfSigned(kongSubject)
const identities = { fallback: identity, byServerName: new Map() }
const batches = 8
const batchSize = 25

describe('a stream proxy among peers that end, destroy and reset at any moment', () => {
  it.each([
    ['plain to plain', 'plain', 'plain', 1],
    ['plain to TLS', 'plain', 'tls', 2],
    ['either to plain', 'either', 'plain', 3],
    ['either to TLS', 'either', 'tls', 4],
  ] as const)(
    'finishes every stream: %s',
    { timeout: 120_000 },
    async (_name, expects, transport, seed) => {
      const chance = randomNumbers(seed)
      const misbehave = (socket: Socket): void => serveBadly(socket, chance)
      await using server = await openTestServer(
        transport === 'tls' ? () => {} : misbehave,
        transport === 'tls'
          ? () =>
              createTlsServer({ cert: identity.certificate, key: identity.privateKey }, misbehave)
          : undefined,
      )
      await using proxy = await openTestStream(
        [{ match: { expects }, upstream: { target: server.target, transport } }],
        { identities, firstBytesTimeoutMs: 10 },
      )
      for (let batch = 0; batch < batches; batch++) {
        // oxlint-disable-next-line no-await-in-loop -- a batch at a time
        await Promise.all(Array.from({ length: batchSize }, () => visitBadly(proxy.port, chance)))
      }
      const settled = (): boolean => {
        const { accepted, active } = proxy.dataplane.counters
        return active === 0 && accepted === proxy.observer.records.length
      }
      const deadline = performance.now() + 30_000
      while (!settled()) {
        const { accepted, active } = proxy.dataplane.counters
        const told = `${active} of ${accepted} streams, ${proxy.observer.records.length} finished`
        expect(performance.now(), told).toBeLessThan(deadline)
        // oxlint-disable-next-line no-await-in-loop -- until the deadline
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      expect(proxy.dataplane.counters.accepted).toBeGreaterThan(0.7 * batches * batchSize)
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

function serveBadly(socket: Socket, chance: Chance): void {
  const transport = lower(socket)
  socket.on('error', () => {})
  switch (chance(6)) {
    case 0:
      socket.end('answer')
      break
    case 1:
      socket.resume().write(Buffer.alloc(chance(500_000)))
      socket.on('end', () => socket.end())
      break
    case 2:
      socket.pipe(socket)
      break
    case 3:
      setTimeout(() => transport.resetAndDestroy(), chance(20))
      break
    case 4:
      socket.write('x')
      setTimeout(() => socket.destroy(), chance(20))
      break
    default:
      socket.write(Buffer.alloc(200_000))
      transport.destroy()
  }
}

async function visitBadly(port: number, chance: Chance): Promise<void> {
  const transport = connect({ port, host: '127.0.0.1', allowHalfOpen: chance(2) === 0 })
  transport.on('error', () => {})
  const socket =
    chance(2) === 0 ? connectTls({ socket: transport, rejectUnauthorized: false }) : transport
  socket.on('error', () => {})
  if (chance(6) > 0) socket.resume()
  socket.write(Buffer.alloc(chance(3) === 0 ? chance(400_000) : 1 + chance(50), 'A'))
  const leave = [
    () => transport.resetAndDestroy(),
    () => transport.destroy(),
    () => socket.end(),
    () => socket.destroy(),
  ][chance(4)]!
  const closed = new Promise<void>((resolve) => transport.once('close', () => resolve()))
  const leavesAfterMs = chance(30)
  if (chance(6) > 0) await untilAccepted(transport, closed)
  setTimeout(leave, leavesAfterMs)
  setTimeout(() => transport.destroy(), 40)
  await closed
}

/** Few of those that leave earlier are ever seen by the proxy: they say nothing about it. */
async function untilAccepted(transport: Socket, closed: Promise<void>): Promise<void> {
  await Promise.race([new Promise((resolve) => transport.once('connect', resolve)), closed])
  // In each turn of the loop that all share, the proxy accepts at least one of a batch.
  // oxlint-disable-next-line no-await-in-loop -- turn by turn
  for (let turn = 0; turn <= batchSize; turn++) await setImmediate()
}

/** The TCP socket below a TLS socket; Node names it nowhere else. */
function lower(socket: Socket): Socket {
  const { _parent: below }: { _parent?: unknown } = Object(socket)
  return below instanceof Socket ? below : socket
}
