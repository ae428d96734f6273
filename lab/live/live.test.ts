import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLab, type Lab } from '#lab/lab.ts'
import { parsePcapng } from '#lab/probes/pcapng/parse-pcapng.ts'
import { readPlan } from '#lab/run/run-folder.ts'
import { samplePair } from '#lab/topology/sample-pair.ts'
import type { SeenEvent } from './seen-event.ts'
import { tap } from './tap.ts'
import { writeCapture } from './write-capture.ts'

const timeoutMs = 120_000

const topology = samplePair([
  {
    kind: 'echo',
    name: 'echo',
    addresses: ['10.0.0.2'],
    ports: { http: 80, https: 443, tcp: 7, tls: 77 },
  },
])

let lab: Lab
beforeAll(async () => {
  lab = await openLab(topology, { keyLog: true })
}, timeoutMs)
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
}, timeoutMs)

/** Watches from before `act` to after what it has to show. */
async function watch(
  options: { readonly node?: string; readonly link?: string },
  act: () => Promise<void>,
  enough: (events: readonly SeenEvent[]) => boolean,
): Promise<readonly SeenEvent[]> {
  const end = new AbortController()
  const events: SeenEvent[] = []
  const ready = Promise.withResolvers<void>()
  const watching = tap({
    plan: readPlan(lab.folder),
    ...options,
    signal: end.signal,
    onReady: () => ready.resolve(),
    onEvent: (event) => events.push(event),
  })
  await Promise.race([ready.promise, watching])
  await act()
  await expect.poll(() => enough(events)).toBe(true)
  end.abort()
  await watching
  return events
}

describe('tap', () => {
  it(
    'tells of requests in the clear and under TLS, and of connections that were refused',
    { timeout: timeoutMs },
    async () => {
      const client = lab.node('client')
      const events = await watch(
        {},
        async () => {
          await (await client.fetch('http://10.0.0.2/plain?x=1')).text()
          const sealed = await client.fetch('https://10.0.0.2/sealed', {
            method: 'POST',
            body: 'secret',
            tls: { insecure: true, serverName: 'b.test' },
          })
          await sealed.text()
          await expect(client.connect({ host: '10.0.0.2', port: 99 })).rejects.toMatchObject({
            code: 'ECONNREFUSED',
          })
        },
        (seen) => seen.length >= 3,
      )
      const common = { link: 'wire', from: 'client', to: 'server' }
      expect(events).toHaveLength(3)
      expect(events).toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            ...common,
            security: 'plaintext',
            request: { method: 'GET', path: '/plain?x=1', status: 200 },
          }),
          expect.objectContaining({
            ...common,
            security: 'tls',
            serverName: 'b.test',
            request: { method: 'POST', path: '/sealed', status: 200 },
          }),
          expect.objectContaining({
            ...common,
            security: 'none',
            connection: { outcome: 'refused', bytesToServer: 0, bytesToClient: 0 },
          }),
        ]),
      )
      for (const { durationMs } of events) expect(durationMs).toBeGreaterThanOrEqual(0)
    },
  )

  it(
    'tells each request of a connection once, as it is answered',
    { timeout: timeoutMs },
    async () => {
      const client = lab.node('client', { keepAlive: true })
      let told = 0
      const events = await watch(
        { node: 'server' },
        async () => {
          for (const path of ['/1', '/2', '/3']) {
            // oxlint-disable-next-line no-await-in-loop -- one after the other, on one connection
            await (await client.fetch(`http://10.0.0.2${path}`)).text()
            told += 1
          }
        },
        (seen) => seen.length >= 3,
      )
      expect(told).toBe(3)
      expect(events.map(({ request }) => request?.path)).toEqual(['/1', '/2', '/3'])
    },
  )

  it('says which links there are where it is asked for another', async () => {
    await expect(
      watch(
        { link: 'moon' },
        () => Promise.resolve(),
        () => true,
      ),
    ).rejects.toThrow('has no link "moon"; it has wire')
  })
})

describe('capture', () => {
  it.each([
    ['when nothing passed', () => Promise.resolve()],
    ['when it ended before it began', undefined],
  ])(
    'names all links %s, so that other programs read it',
    { timeout: timeoutMs },
    async (_when, wait) => {
      const end = new AbortController()
      const parts: Uint8Array[] = []
      const ready = Promise.withResolvers<void>()
      const writing = writeCapture({
        plan: readPlan(lab.folder),
        signal: end.signal,
        write: (bytes) => parts.push(bytes),
        onReady: () => ready.resolve(),
      })
      if (wait !== undefined) await Promise.race([ready.promise, writing])
      end.abort()
      expect(await writing).toMatchObject({ packets: 0 })
      const bytes = Buffer.concat(parts)
      const { interfaces, packets } = parsePcapng(bytes)
      expect(packets).toEqual([])
      expect(interfaces).toMatchObject([{ name: 'wire', linkType: 1 }])
      const file = join(lab.folder, 'nothing.pcapng')
      writeFileSync(file, bytes)
      const { status, stdout } = spawnSync('tcpdump', ['-nr', file], { encoding: 'utf8' })
      expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    },
  )

  it(
    'writes packets as they come, behind the secrets that open them',
    { timeout: timeoutMs },
    async () => {
      const end = new AbortController()
      const parts: Uint8Array[] = []
      const ready = Promise.withResolvers<void>()
      const writing = writeCapture({
        plan: readPlan(lab.folder),
        signal: end.signal,
        write: (bytes) => parts.push(bytes),
        onReady: () => ready.resolve(),
      })
      await Promise.race([ready.promise, writing])
      const response = await lab
        .node('client')
        .fetch('https://10.0.0.2/', { tls: { insecure: true }, headers: { 'x-a': 'seen' } })
      await response.text()
      const whole = () => parsePcapng(Buffer.concat(parts))
      await expect.poll(() => whole().packets.length).toBeGreaterThan(8)
      end.abort()
      const { packets, secrets } = await writing
      const file = whole()
      expect(file.interfaces.map(({ name }) => name)).toEqual(['wire'])
      expect(file.packets).toHaveLength(packets)
      const times = file.packets.map(({ atNs }) => atNs)
      expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)))
      expect(secrets).toBeGreaterThan(0)
      const logged = readFileSync(join(lab.folder, 'tls-keys.log'), 'utf8')
      expect(file.keyLog).toBe(logged)
    },
  )
})
