import { randomInt } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCanary } from '#lab/probes/canary.ts'
import { makeCertificate } from '#lab/services/certificate.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import { meshProtocolOf } from '#scenarios/support/wire/mesh-protocol.ts'
import type { SeenHop, SeenWire } from '#scenarios/support/wire/seen-wire.ts'

const listeners = [
  { kind: 'HTTP', port: 18443 },
  { kind: 'stream', port: 19443 },
] as const
const versions = ['1.2', '1.3'] as const

/** Below those that the kernel gives out. None twice, because a connection is told from others by its source port. */
let lastSourcePort = randomInt(20_000, 30_000)
const nextSourcePort = (): number => {
  lastSourcePort += 1
  return lastSourcePort
}

onEveryTopology((scenario, ground) => {
  const { serviceA, echo } = ground.addresses

  scenario.for(
    listeners.flatMap((listener) => versions.map((version) => ({ ...listener, version }))),
  )(
    'whoever names the cluster in TLS $version on the $kind listener without being of it gets an alert and reaches nothing',
    async ({ port, version }, { yard }) => {
      const protocol = await meshProtocolOf(yard)
      const { key, cert } = await makeCertificate('kong-node-impostor')
      const files = {
        key: join(yard.lab.folder, 'impostor.key'),
        cert: join(yard.lab.folder, 'impostor.crt'),
      }
      await Promise.all([writeFile(files.key, key), writeFile(files.cert, cert)])
      const dial = dialer(yard, { port, version })

      // The control: the same client, naming nobody's cluster, gets through.
      const honest = await dial(['-alpn', 'http/1.1'])
      expect(honest.established).toBe(true)
      expect(honest.passedOn).toBeGreaterThan(0)

      for (const identity of [[], ['-key', files.key, '-cert', files.cert]]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other, to tell them apart
        const seen = await dial(['-alpn', protocol, ...identity])
        expect(seen).toMatchObject({ alert: { by: 'server' }, established: false, passedOn: 0 })
        const presented = identity.length === 0 ? 'none' : 'certificate'
        expect(seen.presented, seen.place).toBe(presented)
      }
    },
  )

  scenario.for(
    listeners.flatMap((listener) => versions.map((version) => ({ ...listener, version }))),
  )(
    'an ordinary session in TLS $version on the $kind listener cannot be resumed as one of the cluster',
    async ({ port, version }, { yard }) => {
      const protocol = await meshProtocolOf(yard)
      const dial = dialer(yard, { port, version })
      const session = join(yard.lab.folder, `${port}-${version}.session`)
      await dial(['-alpn', 'http/1.1', '-sess_out', session], () => isWritten(session))

      // The control: as the ordinary session that it is, it can.
      const honest = await dial(['-alpn', 'http/1.1', '-sess_in', session])
      expect(honest).toMatchObject({ resumed: true, established: true })
      expect(honest.passedOn).toBeGreaterThan(0)

      const dishonest = await dial(['-alpn', protocol, '-sess_in', session])
      expect(dishonest).toMatchObject({
        alert: { by: 'server' },
        established: false,
        passedOn: 0,
      })
    },
  )

  interface Seen {
    readonly alert: unknown
    readonly established: boolean | undefined
    readonly resumed: boolean | undefined
    /** What the client presented. */
    readonly presented: string | undefined
    /** Where its packets are. */
    readonly place: string | undefined
    /** On how many connections the first node passed it on. */
    readonly passedOn: number
  }

  type Dial = (options: readonly string[], until?: () => Promise<boolean>) => Promise<Seen>

  /** Dials, and hangs up when an answer has come back, or `until` holds; whom a node refuses, that one ends by itself. */
  function dialer(
    yard: Yard,
    { port, version }: { readonly port: number; readonly version: string },
  ): Dial {
    return async (options, until) => {
      const canary = makeCanary()
      const sourcePort = nextSourcePort()
      const lines = ['GET / HTTP/1.1', `Host: ${echo}`, `X-Canary: ${canary}`, 'Connection: close']
      const where = ['-connect', `${echo}:${port}`, '-bind', `${serviceA}:${sourcePort}`]
      const tls = [`-tls${version.replace('.', '_')}`, '-servername', echo, '-ign_eof', '-quiet']
      const findOwn = ({ hops }: SeenWire): SeenHop | undefined =>
        hops.find(({ connection: { client } }) => {
          return client.address === serviceA && client.port === sourcePort
        })
      const answered = async (): Promise<boolean> =>
        findOwn(await yard.wire())
          ?.find(canary)
          .some(({ direction }) => direction === 'toClient') === true

      const hangUp = new AbortController()
      let ended = false
      const client = yard
        .run('service-a', ['openssl', 's_client', ...where, ...tls, ...options], {
          input: `${lines.join('\r\n')}\r\n\r\n`,
          signal: hangUp.signal,
        })
        .catch((error: unknown) => {
          if (!hangUp.signal.aborted) throw error
        })
        .finally(() => {
          ended = true
        })
      await eventually('the client neither ended nor had an answer', async () => {
        return ended || (await (until ?? answered)())
      })
      hangUp.abort()
      await client

      let seen = await yard.wire()
      // Between nodes nothing is hidden, so what was not found there is not there. Keys come just after the packets.
      const hidden = async (): Promise<readonly string[]> => {
        seen = await yard.wire()
        const { unread } = seen.request(canary)
        return unread.filter(({ from }) => from !== 'service-a').map(({ place }) => place)
      }
      await expect.poll(hidden).toEqual([])
      const carriers = seen.hops.filter((hop) => hop.find(canary).length > 0)
      const hop = findOwn(seen)
      const own = hop?.tls
      return {
        alert: own?.alert,
        established: own?.established,
        resumed: own?.resumed,
        presented: own?.client.kind,
        place: hop?.place,
        passedOn: carriers.filter(({ from }) => from !== 'service-a').length,
      }
    }
  }
})

async function isWritten(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.includes('-----END')
}
