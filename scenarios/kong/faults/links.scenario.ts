import { expect } from 'vitest'
import type { FaultSpec } from '#lab/faults/fault-spec.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import {
  acceptedAfterMs,
  greet,
  greetInVain,
  greeting,
  greetingsOn,
  linked,
  repeatedSegments,
  untilLostBehind,
  upload,
} from './faulty-yard.ts'

onEveryTopology(
  (scenario) => {
    scenario(
      'with kong-b cut off from what it sends, dials reach it and no answer leaves it',
      async ({ yard }) => {
        {
          await using fault = await yard.lab.fault({
            kind: 'partition',
            link: 'mesh',
            from: 'kong-b',
          })
          expect(fault.status.measured.map(({ arrived }) => arrived)).toEqual([0])
          const sinceMs = Date.now()
          await using client = greetInVain(yard)
          await untilLostBehind(yard, 'mesh')
          expect((await greetingsOn(yard, 'mesh', { sinceMs }))[0]).toMatchObject({
            outcome: 'unanswered',
          })
          expect(client.answered()).toBe(false)
        }
        await expectWhole(yard)
      },
    )

    scenario(
      'with kong-a cut off from what it sends, nothing of a dial is on the link',
      async ({ yard }) => {
        {
          await using _fault = await yard.lab.fault({
            kind: 'partition',
            link: 'mesh',
            from: 'kong-a',
          })
          // A proxy may still have been trying a dial of an earlier scenario.
          const sinceMs = Date.now()
          await using client = greetInVain(yard)
          await untilLostBehind(yard, 'a')
          expect(await greetingsOn(yard, 'a', { sinceMs })).not.toEqual([])
          expect(await greetingsOn(yard, 'mesh', { sinceMs })).toEqual([])
          expect(client.answered()).toBe(false)
        }
        await expectWhole(yard)
      },
    )

    scenario(
      'a link cut both ways carries nothing, and what crosses another still does',
      async ({ yard }) => {
        {
          await using fault = await yard.lab.fault({ kind: 'partition', link: 'b' })
          expect(fault.status.measured.map(({ arrived }) => arrived)).toEqual([0, 0])
          const sinceMs = Date.now()
          await using client = greetInVain(yard)
          await untilLostBehind(yard, 'mesh')
          expect(await greetingsOn(yard, 'b', { sinceMs })).toEqual([])
          expect(client.answered()).toBe(false)
        }
        await expectWhole(yard)
      },
    )

    scenario(
      'a link that is down is known to be: a dial over it fails at once',
      async ({ yard }) => {
        const before = await addressesAndRoutes(yard)
        {
          await using _fault = await yard.lab.fault({ kind: 'down', link: 'mesh', from: 'kong-a' })
          const sinceMs = Date.now()
          const { stdout, durationMs } = await greet(yard)
          expect(stdout).toBe('')
          // Dials that nobody answers are tried for a minute.
          expect(durationMs).toBeLessThan(10_000)
          expect(await greetingsOn(yard, 'a', { sinceMs })).not.toEqual([])
          expect(await greetingsOn(yard, 'mesh', { sinceMs })).toEqual([])
        }
        await expectWhole(yard)
        expect(await addressesAndRoutes(yard)).toEqual(before)
      },
    )

    scenario(
      'a delay of what kong-b sends is asked, measured by probes and seen in the packets alike',
      async ({ yard }) => {
        const askedMs = 60
        const accepted = async (): Promise<number> => {
          const sinceMs = Date.now()
          await greet(yard)
          return acceptedAfterMs(yard, 'mesh', { sinceMs })
        }
        const delay = { kind: 'delay', link: 'mesh', from: 'kong-b', ms: askedMs } as const
        const measured = async (): Promise<number> => {
          await using fault = await yard.lab.fault(delay)
          return fault.status.measured[0]?.delayMs?.least ?? 0
        }
        // A busy machine makes some of them longer, and none shorter.
        const untilBelow = async (mostMs: number, look: () => Promise<number>): Promise<number> => {
          const seen: number[] = []
          await expect.poll(async () => seen[seen.push(await look()) - 1]).toBeLessThan(mostMs)
          return Math.min(...seen)
        }
        await untilBelow(askedMs / 2, accepted)
        expect(await untilBelow(askedMs * 2, measured)).toBeGreaterThanOrEqual(askedMs - 0.5)
        {
          await using _fault = await yard.lab.fault(delay)
          expect((await greet(yard)).stdout).toBe(greeting)
          expect(await untilBelow(askedMs * 2, accepted)).toBeGreaterThanOrEqual(askedMs - 0.5)
        }
        await expectWhole(yard)
      },
    )

    scenario(
      'what is lost behind a link is sent over it again, and all of it arrives',
      async ({ yard }) => {
        const repeated = repeatedInUpload(yard)
        // A busy machine may say something twice now and then.
        await expect.poll(repeated).toBe(0)
        await using _fault = await yard.lab.fault({
          kind: 'loss',
          link: 'mesh',
          from: 'kong-a',
          to: 'kong-b',
          percent: 10,
          seed: 3,
        })
        expect(await repeated()).toBeGreaterThan(0)
        const [status] = await yard.lab.faults()
        expect(status?.packets?.lost).toBeGreaterThan(0)
      },
    )

    scenario(
      'a share of what crosses a link is on it twice, as often as was asked, and is taken once',
      async ({ yard }) => {
        const repeatedNow = repeatedInUpload(yard)
        await expect.poll(repeatedNow).toBe(0)
        {
          await using fault = await yard.lab.fault({
            kind: 'duplicate',
            link: 'mesh',
            from: 'kong-a',
            percent: 50,
            seed: 3,
          })
          const [measured] = fault.status.measured
          const { sent = 0, arrived, repeated = 0 } = measured ?? {}
          expect(arrived).toBe(sent)
          expect(repeated / sent).toBeGreaterThan(0.4)
          expect(repeated / sent).toBeLessThan(0.6)
          expect(await repeatedNow()).toBeGreaterThan(0)
          const [status] = await yard.lab.faults()
          expect(status?.packets?.repeated).toBeGreaterThan(0)
        }
        await expect.poll(repeatedNow).toBe(0)
      },
    )

    scenario(
      'a rate holds for what crosses the link, and no longer when it is healed',
      async ({ yard }) => {
        const bytes = 400_000
        const mbit = 4
        const seconds = async (): Promise<number> => {
          const [status, size, time] = (await upload(yard, bytes)).stdout.split(' ')
          expect([status, size]).toEqual(['200', String(bytes)])
          return Number(time)
        }
        const atBest = (bytes * 8) / (mbit * 1e6)
        const rate = { kind: 'rate', link: 'b', from: 'kong-b', mbit } as const
        const measured = async (): Promise<number | undefined> => {
          await using fault = await yard.lab.fault(rate)
          return fault.status.measured[0]?.mbit
        }
        // A busy machine sees some arrivals late.
        await expect
          .poll(measured)
          .toSatisfy((found: number) => found > mbit * 0.6 && found < mbit * 1.4)
        {
          await using _fault = await yard.lab.fault(rate)
          expect(await seconds()).toBeGreaterThan(atBest * 0.9)
        }
        // A busy machine may be as slow once; a rate is always.
        await expect.poll(seconds).toBeLessThan(atBest * 0.9)
      },
    )

    scenario('a fault that cannot be is refused with what is wrong about it', async ({ yard }) => {
      const refused = (spec: FaultSpec): Promise<unknown> =>
        yard.lab.fault(spec).then(
          () => 'not refused',
          (error: unknown) => (error instanceof Error ? error.message : error),
        )
      expect(await refused({ kind: 'partition', link: 'moon' })).toMatch(
        /link: there is no "moon"; there are a, mesh, b/,
      )
      expect(await refused({ kind: 'partition', link: 'a', from: 'kong-b' })).toMatch(
        /"kong-b" has no end of the link a; service-a, kong-a have/,
      )
      expect(await refused({ kind: 'loss', link: 'a', percent: 101 })).toMatch(
        /percent: must be from/,
      )
      expect(await yard.lab.faults()).toEqual([])
    })
  },
  { on: linked },
)

/** Sends a body whole; how many of its segments between the proxies were there twice. */
function repeatedInUpload(yard: Yard): () => Promise<number> {
  const bytes = 150_000
  return async () => {
    const sinceMs = Date.now()
    expect((await upload(yard, bytes)).stdout).toMatch(`200 ${bytes} `)
    return repeatedSegments(yard, 'mesh', 18_000, { sinceMs })
  }
}

/** What the end of kong-a has, both families. */
async function addressesAndRoutes(yard: Yard): Promise<readonly string[]> {
  const ip = async (...args: readonly string[]): Promise<string> =>
    (await yard.run('kong-a', ['ip', ...args])).stdout
  return Promise.all([
    ip('-oneline', 'address', 'show', 'dev', 'up0', 'scope', 'global'),
    ip('route', 'show', 'via', '10.0.0.4'),
    ip('-6', 'route', 'show', 'via', 'fd00::4'),
  ])
}

/** The same look at the same links sees a stream when nothing is broken; a proxy may still be trying the one before. */
async function expectWhole(yard: Yard): Promise<void> {
  expect(await yard.lab.faults()).toEqual([])
  const sinceMs = Date.now()
  expect((await greet(yard)).stdout).toBe(greeting)
  for (const link of ['a', 'mesh', 'b']) {
    // oxlint-disable-next-line no-await-in-loop -- link by link, to name the one that is not whole
    const greeted = await greetingsOn(yard, link, { sinceMs })
    expect(greeted.filter(({ toClient }) => toClient.bytes > 0).length, link).toBeGreaterThan(0)
  }
}
