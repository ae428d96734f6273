import { describe, expect, it } from 'vitest'
import { ruleSetFaults } from './rule-set-faults.ts'
import { interceptOnLoopback, interceptOnPath } from './transparent-proxy.ts'

const target = (address: string) => ({ ports: [19_000], listener: { address, port: 9_000 } })
const onPath = { name: 'sidecar', inputInterface: 'dn0' }

describe('interceptOnPath', () => {
  it('sends each family to its listener, by rules for the ingress interface alone', () => {
    const { ruleSet } = interceptOnPath({
      ...onPath,
      destinations: ['10.2.0.0/24', 'fd00:2::/64'],
      targets: [target('127.0.0.1'), target('::1')],
    })
    expect(ruleSetFaults(ruleSet)).toEqual([])
    expect(ruleSet.rules.map(({ family, match, action }) => ({ family, match, action }))).toEqual([
      {
        family: 4,
        match: {
          inputInterface: 'dn0',
          destination: { is: '10.2.0.0/24' },
          protocol: 'tcp',
          destinationPorts: [19_000],
        },
        action: { kind: 'tproxy', address: '127.0.0.1', port: 9_000, mark: 1 },
      },
      {
        family: 6,
        match: {
          inputInterface: 'dn0',
          destination: { is: 'fd00:2::/64' },
          protocol: 'tcp',
          destinationPorts: [19_000],
        },
        action: { kind: 'tproxy', address: '::1', port: 9_000, mark: 1 },
      },
    ])
  })

  it('routes marked packets of the families it intercepts to this machine', () => {
    const { policyRules, routes } = interceptOnPath({
      ...onPath,
      targets: [target('::1')],
      mark: 7,
      table: 107,
    })
    expect(policyRules).toMatchObject([{ family: 6, mark: 7, table: 107 }])
    expect(routes).toMatchObject([
      { family: 6, destination: 'default', type: 'local', interface: 'lo', table: 107 },
    ])
  })

  it('keeps answers to the address of a client here before it intercepts anything', () => {
    const { ruleSet } = interceptOnPath({
      ...onPath,
      targets: [target('127.0.0.1')],
      keepsClientAddress: true,
    })
    expect(
      ruleSet.rules.map(({ match, action }) => [match.transparentSocket, action.kind]),
    ).toEqual([
      [true, 'mark'],
      [true, 'accept'],
      [undefined, 'tproxy'],
    ])
  })

  it('refuses lo, where a proxy would catch itself', () => {
    expect(() => interceptOnPath({ ...onPath, inputInterface: 'lo', targets: [] })).toThrow(
      'Cannot intercept on lo by its name alone',
    )
  })
})

describe('interceptOnLoopback', () => {
  it('leaves out the address that the proxy dials from', () => {
    const ruleSet = interceptOnLoopback({
      name: 'kong-b',
      source: { not: '127.0.0.4' },
      destination: '127.0.0.5',
      targets: [target('127.0.0.4')],
    })
    expect(ruleSetFaults(ruleSet)).toEqual([])
    expect(ruleSet.rules).toMatchObject([
      {
        match: { source: { not: '127.0.0.4' }, destination: { is: '127.0.0.5' } },
        action: { kind: 'tproxy', address: '127.0.0.4', port: 9_000 },
      },
    ])
  })
})
