import { describe, expect, it } from 'vitest'
import { ruleSetFaults } from './rule-set-faults.ts'
import { interceptInPod, interceptOnLoopback, interceptOnPath } from './transparent-proxy.ts'

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

describe('interceptInPod', () => {
  const inPod = {
    name: 'pod',
    inputInterface: 'eth0',
    targets: [target('127.0.0.1'), target('::1')],
  }

  it('knows the proxy by the mark of its sockets or by its user, when a connection is new', () => {
    const known = ([{ mark: 2 }, { uid: 1337 }] as const).map((exempt) => {
      const { ruleSet } = interceptInPod({ ...inPod, exempt, connectionMark: 7 })
      expect(ruleSetFaults(ruleSet)).toEqual([])
      return ruleSet.rules.find(({ action }) => action.kind === 'mark-connection')
    })
    expect(known).toMatchObject([
      { match: { connection: 'new', mark: { is: 2 } }, action: { mark: 7 } },
      { match: { connection: 'new', uid: { is: 1337 } }, action: { mark: 7 } },
    ])
  })

  it('exempts before it intercepts, in each family', () => {
    const { ruleSet } = interceptInPod({ ...inPod, exempt: { mark: 2 } })
    for (const family of [4, 6]) {
      const rules = ruleSet.rules.filter((rule) => rule.family === family)
      expect(rules.map(({ hook, action }) => `${hook} ${action.kind}`)).toEqual([
        'output mark',
        'output mark-connection',
        'output return',
        'output return',
        'output mark',
        'prerouting tproxy',
        'prerouting tproxy',
      ])
    }
  })

  it('routes marked packets of both families to this machine', () => {
    const { policyRules, routes } = interceptInPod({ ...inPod, exempt: { mark: 2 }, table: 107 })
    expect(policyRules).toMatchObject([
      { family: 4, mark: 1, table: 107 },
      { family: 6, mark: 1, table: 107 },
    ])
    expect(routes.map(({ family, type, table }) => [family, type, table])).toEqual([
      [4, 'local', 107],
      [6, 'local', 107],
    ])
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
