import { describe, expect, it } from 'vitest'
import { runInNamespace } from '#netns/command.ts'
import { layOutLinks } from '#netns/link-layout.ts'
import { runNft } from '#netns/native.ts'
import { openNetwork, type Network } from '#netns/network.ts'
import { emptyNamespace, type LinkEndPlan, type NetworkPlan } from '#netns/network-plan.ts'
import { measureWay, type Measured } from './measure-link.ts'
import { untouched, type Shape } from './shape.ts'
import type { Shaper } from './shaper.ts'
import type { ShapingPoint } from './shaping-point.ts'

/** What every shaper does to the packets of a link, told by packets that went through it. */
export function describeShaper(open: (network: Network) => Shaper): void {
  describe(open.name, () => {
    it.each([4, 6] as const)('holds IPv%i packets back one way only', async (family) => {
      await using yard = openYard(open)
      await yard.shaper.shape(yard.point('a', 'out'), { ...untouched, delayMs: 40 })
      const there = await yard.probe('a', 'b', { family })
      const back = await yard.probe('b', 'a', { family })
      expect(there.arrived).toBe(there.sent)
      expect(there.delayMs?.least).toBeGreaterThanOrEqual(39.5)
      expect(there.delayMs?.least).toBeLessThan(120)
      expect(back.delayMs?.least).toBeLessThan(40)
    })

    it('shapes what a node receives as it shapes what it sends', async () => {
      await using yard = openYard(open)
      await yard.shaper.shape(yard.point('b', 'in'), { ...untouched, delayMs: 40 })
      expect((await yard.probe('a', 'b')).delayMs?.least).toBeGreaterThanOrEqual(39.5)
      expect((await yard.probe('b', 'a')).delayMs?.least).toBeLessThan(40)
    })

    it('spreads delays over the whole jitter', async () => {
      await using yard = openYard(open)
      const shape = { ...untouched, delayMs: 60, jitterMs: 40 }
      await yard.shaper.shape(yard.point('a', 'out'), shape)
      const { delayMs } = await yard.probe('a', 'b', { packets: 200 })
      expect(delayMs?.least).toBeGreaterThanOrEqual(19.5)
      expect(delayMs?.median).toBeGreaterThan(45)
      // Evenly over 80 ms; a busy machine adds to all of them.
      expect((delayMs?.most ?? 0) - (delayMs?.least ?? 0)).toBeGreaterThan(50)
    })

    it('loses the share it was told, and all of a cut link', async () => {
      await using yard = openYard(open)
      const point = yard.point('a', 'out')
      await yard.shaper.shape(point, { ...untouched, loss: 0.25, seed: 7 })
      const { arrived } = await yard.probe('a', 'b', { packets: 400 })
      expect(arrived).toBeGreaterThan(260)
      expect(arrived).toBeLessThan(340)
      await yard.shaper.shape(point, { ...untouched, cut: true })
      expect((await yard.probe('a', 'b')).arrived).toBe(0)
    })

    it('lets the share it was told arrive twice, of both families, and no packet more often', async () => {
      await using yard = openYard(open)
      const point = yard.point('a', 'out')
      const told = { packets: 400, repeatsWithinMs: 100 }
      await yard.shaper.shape(point, { ...untouched, duplicate: 0.25, seed: 7 })
      for (const family of [4, 6] as const) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other: each is to have the link for itself
        const { arrived, repeated } = await yard.probe('a', 'b', { ...told, family })
        expect(arrived).toBe(400)
        expect(repeated).toBeGreaterThan(60)
        expect(repeated).toBeLessThan(140)
      }
      await yard.shaper.shape(point, { ...untouched, duplicate: 1 })
      expect(await yard.probe('a', 'b', told)).toMatchObject({ arrived: 400, repeated: 400 })
      // The other way, and once it is over.
      expect(await yard.probe('b', 'a', told)).toMatchObject({ arrived: 400, repeated: 0 })
      await yard.shaper.shape(point, undefined)
      expect(await yard.probe('a', 'b', told)).toMatchObject({ arrived: 400, repeated: 0 })
    })

    it('repeats what one sender of a bridge sends, also beside what repeats all', async () => {
      await using yard = openYard(open)
      const fromMac = await yard.macOf('a')
      const twice = { ...untouched, duplicate: 1 }
      const told = { repeatsWithinMs: 100 }
      await yard.shaper.shape({ ...yard.point('b', 'in'), fromMac }, twice)
      expect(await yard.probe('a', 'b', told)).toMatchObject({ arrived: 20, repeated: 20 })
      expect(await yard.probe('c', 'b', told)).toMatchObject({ arrived: 20, repeated: 0 })
      await yard.shaper.shape(yard.point('b', 'in'), twice)
      expect(await yard.probe('c', 'b', told)).toMatchObject({ arrived: 20, repeated: 20 })
      // By each of the two; what one of them has repeated is repeated once more at most, and so comes to an end.
      const { repeated } = await yard.probe('a', 'b', told)
      expect(repeated).toBeGreaterThanOrEqual(40)
      expect(repeated).toBeLessThanOrEqual(60)
    })

    it('paces packets', async () => {
      await using yard = openYard(open)
      await yard.shaper.shape(yard.point('a', 'out'), { ...untouched, rate: 8e6 })
      // A busy machine sees some arrivals late; without a pace they come all at once, always.
      const rate = async (): Promise<number | undefined> =>
        (await yard.probe('a', 'b', { packets: 120, bytes: 1_200 })).rate
      await expect.poll(rate).toSatisfy((found: number) => found > 5e6 && found < 11e6)
    })

    it('cuts off one sender of a bridge and lets others through', async () => {
      await using yard = openYard(open)
      const fromMac = await yard.macOf('a')
      await yard.shaper.shape({ ...yard.point('b', 'in'), fromMac }, { ...untouched, cut: true })
      expect((await yard.probe('a', 'b')).arrived).toBe(0)
      expect((await yard.probe('b', 'a')).arrived).toBe(20)
      expect((await yard.probe('c', 'b')).arrived).toBe(20)
    })

    it('takes a shape back without a trace, also when it is closed', async () => {
      await using yard = openYard(open)
      const before = await yard.traces()
      const all: Shape = {
        ...untouched,
        cut: true,
        delayMs: 5,
        loss: 0.5,
        duplicate: 0.5,
        rate: 1e6,
      }
      await yard.shaper.shape(yard.point('a', 'out'), all)
      expect(await yard.traces()).not.toBe(before)
      await yard.shaper.shape(yard.point('a', 'out'), undefined)
      expect(await yard.traces()).toBe(before)
      expect((await yard.probe('a', 'b')).arrived).toBe(20)
      await yard.shaper.shape(yard.point('b', 'in'), all)
      await yard.shaper[Symbol.asyncDispose]()
      expect(await yard.traces()).toBe(before)
    })
  })
}

/** Three namespaces on a bridge. */
function openYard(open: (network: Network) => Shaper) {
  const network = openNetwork(plan)
  const shaper = open(network)
  const layout = layOutLinks(plan)
  const point = (namespace: string, direction: ShapingPoint['direction']): ShapingPoint => {
    const [, link] = layout.interfaces.get(namespace) ?? []
    if (link === undefined) throw new RangeError(`${namespace} has no link`)
    return { namespace, interface: { name: link.name, index: link.index }, direction }
  }
  return {
    shaper,
    point,
    async probe(
      from: string,
      to: string,
      { family = 4, packets = 20, bytes = 64, repeatsWithinMs = 0 }: Partial<ProbeWish> = {},
    ): Promise<Measured> {
      const way = {
        from: network.namespace(from),
        source: addressOf(from, family),
        to: network.namespace(to),
        destination: addressOf(to, family),
      }
      const options = { packets, bytes, patienceMs: 200, repeatsWithinMs }
      return measureWay(way, options, { skip: 4_000 })
    },
    async macOf(namespace: string): Promise<string> {
      const argv = ['ip', '-json', 'link', 'show', 'eth0'] as const
      const { stdout } = await runInNamespace(network.namespace(namespace), argv)
      const [link]: { readonly address: string }[] = JSON.parse(stdout)
      return link?.address ?? ''
    },
    async traces(): Promise<string> {
      const listed = await Promise.all(
        plan.namespaces.map(async ({ name }) => {
          const namespace = network.namespace(name)
          const { stdout } = await runInNamespace(namespace, ['tc', 'qdisc', 'show'])
          return stdout + namespace.run(() => runNft('list ruleset')).output
        }),
      )
      return listed.join('\n')
    },
    [Symbol.asyncDispose]: async () => {
      await shaper[Symbol.asyncDispose]()
      network[Symbol.dispose]()
    },
  }
}

interface ProbeWish {
  readonly family: 4 | 6
  readonly packets: number
  readonly bytes: number
  readonly repeatsWithinMs: number
}

const names = ['a', 'b', 'c'] as const

function addressOf(name: string, family: 4 | 6): string {
  const host = names.findIndex((each) => each === name) + 1
  return family === 4 ? `10.0.0.${host}` : `fd00::${host}`
}

const plan: NetworkPlan = {
  namespaces: [...names, 'switch'].map((name) => ({ name, ...emptyNamespace })),
  links: [
    {
      kind: 'bridge',
      name: 'mesh',
      namespace: 'switch',
      ends: names.map((name): LinkEndPlan => ({
        namespace: name,
        interface: 'eth0',
        addresses: [`${addressOf(name, 4)}/24`, `${addressOf(name, 6)}/64`],
      })),
    },
  ],
}
