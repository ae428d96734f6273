import { describe, expect, it } from 'vitest'
import { sidecars } from '#lab/topology/sidecars.ts'
import { tutorial } from '#lab/topology/tutorial.ts'
import { planLab } from '#lab/topology/plan.ts'
import { parseFault } from './parse-fault.ts'

const places = { name: 'x', folder: '/lab/x', root: '/product', node: '/node', bare: false }
const plan = planLab(sidecars, places)

describe(parseFault, () => {
  it.each([
    { kind: 'partition', link: 'mesh', from: 'kong-a', to: 'kong-b' },
    { kind: 'delay', link: 'a', ms: 50, jitterMs: 20, seed: 9 },
    { kind: 'duplicate', link: 'mesh', from: 'kong-a', percent: 30, seed: 2 },
    { kind: 'reset', node: 'kong-b', by: 'rules' },
    { kind: 'clock', node: 'kong-b', offset: '-3d' },
    { kind: 'store-down' },
  ])('takes %j as it is', (spec) => {
    expect(parseFault(spec, plan)).toEqual(spec)
  })

  it.each([
    [{ kind: 'earthquake' }, /"earthquake" is no kind of fault; there are partition, down,/],
    [undefined, /"" is no kind of fault/],
    [{ kind: 'partition', link: 'c' }, /link: there is no "c"; there are a, mesh, b/],
    [{ kind: 'delay', link: 'a' }, /ms: must be from 0\.1 to 60000 milliseconds/],
    [{ kind: 'delay', link: 'a', ms: 5, percent: 2 }, /"percent" does not go with delay\./],
    [{ kind: 'loss', link: 'a', percent: 200 }, /percent: must be from 0\.01 to 100 percent/],
    [{ kind: 'duplicate', link: 'a', percent: 0 }, /percent: must be from 0\.01 to 100 percent/],
    [{ kind: 'reset', node: 'kong-a', by: 'force' }, /by: must be kernel or rules/],
    [
      { kind: 'loss', link: 'a', from: 'kong-b', percent: 2 },
      /from: "kong-b" has no end of the link a; service-a, kong-a have/,
    ],
    [
      { kind: 'loss', link: 'a', to: 'nobody', percent: 2 },
      /to: there is no "nobody"; there are service-a,/,
    ],
    [
      { kind: 'loss', link: 'a', from: 'kong-a', to: 'kong-a', percent: 2 },
      /to: "kong-a" is where the packets come from/,
    ],
    [
      { kind: 'rate', link: 'mesh', from: 'kong-a', to: 'kong-b', mbit: 1 },
      /on a bridge a rate is of all that a node sends/,
    ],
    [{ kind: 'kill', node: 'kong-c' }, /node: there is no "kong-c"/],
    [{ kind: 'clock', node: 'kong-a', offset: 'tomorrow' }, /offset: write a sign, a number/],
  ])('refuses %j with what is wrong', (spec, message) => {
    expect(() => parseFault(spec, plan)).toThrow(message)
  })

  it('lists everything that is wrong at once', () => {
    const spec = { kind: 'delay', link: 'a', ms: -1, jitterMs: 'x' }
    expect(() => parseFault(spec, plan)).toThrow(/ms: must be .*; jitterMs: must be/)
  })

  it('says why a topology without links has none to break', () => {
    const spec = { kind: 'partition', link: 'mesh' }
    expect(() => parseFault(spec, planLab(tutorial, places))).toThrow(
      /the lab x \(tutorial\) has no links: its nodes share one namespace/,
    )
  })
})
