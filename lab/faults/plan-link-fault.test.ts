import { describe, expect, it } from 'vitest'
import { layOutLinks } from '#netns/link-layout.ts'
import { pointKey } from '#netns/shaping/shaping-point.ts'
import { sidecars } from '#lab/topology/sidecars.ts'
import { planLab } from '#lab/topology/plan.ts'
import type { LinkPlace } from './fault-spec.ts'
import { planLinkDown, planLinkFault } from './plan-link-fault.ts'

const places = { name: 'x', folder: '/lab/x', root: '/product', node: '/node', bare: false }
const plan = planLab(sidecars, places)
const layout = layOutLinks(plan.network)

describe(planLinkFault, () => {
  it.each<[LinkPlace, readonly string[]]>([
    [{ link: 'a' }, ['service-a eth0 out', 'kong-a dn0 out']],
    [{ link: 'a', from: 'kong-a' }, ['kong-a dn0 out']],
    [{ link: 'a', to: 'kong-a' }, ['service-a eth0 out']],
    [{ link: 'a', from: 'service-a', to: 'kong-a' }, ['service-a eth0 out']],
    [{ link: 'mesh' }, ['control-plane eth0 out', 'kong-a up0 out', 'kong-b up0 out']],
    [{ link: 'mesh', from: 'kong-a' }, ['kong-a up0 out']],
    [{ link: 'mesh', to: 'kong-a' }, ['kong-a up0 in']],
    [{ link: 'mesh', from: 'kong-a', to: 'kong-b' }, ['kong-b up0 in']],
  ])('finds where the packets of %j pass', (place, points) => {
    const ways = planLinkFault({ kind: 'partition', ...place }, plan, layout)
    expect(ways.map(({ point }) => pointKey(point))).toEqual(points)
  })

  it('counts one sender of a bridge only where one is named', () => {
    const fromOnly = (place: LinkPlace) =>
      planLinkFault({ kind: 'partition', ...place }, plan, layout).map((way) => way.fromOnly)
    expect(fromOnly({ link: 'mesh', from: 'kong-a', to: 'kong-b' })).toEqual([true])
    expect(fromOnly({ link: 'mesh', to: 'kong-b' })).toEqual([false])
  })
})

describe(planLinkDown, () => {
  it.each([
    [{ link: 'a' }, ['service-a']],
    [{ link: 'a', from: 'kong-a' }, ['kong-a']],
    [{ link: 'mesh' }, ['control-plane', 'kong-a', 'kong-b']],
    [{ link: 'mesh', from: 'kong-b' }, ['kong-b']],
  ])('leaves nobody whom %j names a way through', (place, namespaces) => {
    const ends = planLinkDown({ kind: 'down', ...place }, plan, layout)
    expect(ends.map(({ namespace }) => namespace)).toEqual(namespaces)
  })
})
