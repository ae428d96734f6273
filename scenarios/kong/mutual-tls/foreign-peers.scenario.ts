import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCanary } from '#lab/probes/canary.ts'
import { makeCertificate } from '#lab/services/certificate.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import { meshProtocolOf } from '#scenarios/support/wire/mesh-protocol.ts'

const listeners = [
  { kind: 'HTTP', port: 18443 },
  { kind: 'stream', port: 19443 },
] as const
const versions = ['1.2', '1.3'] as const

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
        expect(seen.presented).toBe(identity.length === 0 ? 'none' : 'certificate')
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
      await dial(['-alpn', 'http/1.1', '-sess_out', session])

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
    /** On how many connections the first node passed it on. */
    readonly passedOn: number
  }

  function dialer(
    yard: Yard,
    { port, version }: { readonly port: number; readonly version: string },
  ): (options: readonly string[]) => Promise<Seen> {
    return async (options) => {
      const canary = makeCanary()
      const sourcePort = 20_000 + (randomBytes(2).readUInt16BE() % 10_000)
      const request = `GET / HTTP/1.1\r\nHost: ${echo}\r\nX-Canary: ${canary}\r\nConnection: close\r\n\r\n`
      const where = ['-connect', `${echo}:${port}`, '-bind', `${serviceA}:${sourcePort}`]
      const tls = [`-tls${version.replace('.', '_')}`, '-servername', echo, '-ign_eof', '-quiet']
      await yard.run('service-a', ['openssl', 's_client', ...where, ...tls, ...options], {
        input: request,
        timeoutMs: 1_000,
      })
      const { hops, request: find } = await yard.wire()
      const own = hops.find(({ connection }) => connection.client.port === sourcePort)
      const carriers = hops.filter((hop) => hop.find(canary).length > 0)
      // Between nodes nothing is hidden, so what was not found there is not there.
      const hidden = find(canary).unread.filter(({ from }) => from !== 'service-a')
      expect(hidden.map(({ place }) => place)).toEqual([])
      return {
        alert: own?.tls?.alert,
        established: own?.tls?.established,
        resumed: own?.tls?.resumed,
        presented: own?.tls?.client.kind,
        passedOn: carriers.filter(({ from }) => from !== 'service-a').length,
      }
    }
  }
})
