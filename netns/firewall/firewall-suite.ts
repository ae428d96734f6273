import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { fingerprint } from '#netns/fingerprint.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { connectTcp } from '#netns/sockets.ts'
import type { Firewall } from './firewall.ts'
import {
  BRIEFLY,
  accept,
  addresses,
  dial,
  interception,
  openProxiedPath,
  PROXY_PORT,
  SERVER_PORT,
} from './proxied-path.ts'
import type { Rule, RuleSet } from './rule-set.ts'

/** Loads a rule of somebody else with the tool that the firewall under test uses. */
export type AddForeignRule = (namespace: NetworkNamespace) => void

/** What every firewall does, shown with real connections between namespaces. */
export function firewallSuite(firewall: Firewall, addForeignRule: AddForeignRule): void {
  /** As its own tool lists them: nft lists what iptables loads in the order of loading. */
  const rulesIn = (namespace: NetworkNamespace): string[] =>
    namespace
      .run(fingerprint)
      .firewall.filter((hash) => hash.startsWith('nft') === (firewall.name === 'nft'))

  describe.each([4, 6] as const)('tproxy over IPv%i', (family) => {
    const { client, server, listener } = addresses[family]
    const serverEndpoint = { address: server, port: SERVER_PORT }
    const proxyEndpoint = { address: listener, port: PROXY_PORT }

    it('hands a connection to the listener, which sees where it was going', async () => {
      using path = openProxiedPath()
      await using origin = await accept(path.namespace('server'), serverEndpoint)
      await using proxy = await accept(path.namespace('proxy'), proxyEndpoint, {
        transparent: true,
      })
      firewall.apply(path.namespace('proxy'), interception.ruleSet)
      expect(await dial(path.namespace('client'), serverEndpoint)).toBe('connected')
      // The client may learn of its connection before the server does.
      await expect.poll(() => proxy.accepted).toEqual([`${client} -> ${server}:${SERVER_PORT}`])
      expect(origin.accepted).toEqual([])
    })

    it('lets nothing past a dead proxy, while without the rules the server is reached', async () => {
      using path = openProxiedPath()
      await using origin = await accept(path.namespace('server'), serverEndpoint)
      firewall.apply(path.namespace('proxy'), interception.ruleSet)
      expect(await dial(path.namespace('client'), serverEndpoint, BRIEFLY)).toBe('timed out')
      expect(origin.accepted).toEqual([])
      firewall.remove(path.namespace('proxy'), 'sidecar')
      expect(await dial(path.namespace('client'), serverEndpoint)).toBe('connected')
      await expect.poll(() => origin.accepted).toEqual([`${client} -> ${server}:${SERVER_PORT}`])
    })

    it('keeps a connection alive when its listener closes and the rules are loaded anew, and stops new ones', async () => {
      using path = openProxiedPath()
      await using origin = await accept(path.namespace('server'), serverEndpoint)
      await using proxy = await accept(path.namespace('proxy'), proxyEndpoint, {
        transparent: true,
      })
      firewall.apply(path.namespace('proxy'), interception.ruleSet)
      await using live = connectTcp(path.namespace('client'), serverEndpoint)
      await proxy.next()
      proxy.server.close()
      firewall.apply(path.namespace('proxy'), interception.ruleSet)
      live.write('still there')
      expect(String(await once(live, 'data'))).toBe('still there')
      expect(await dial(path.namespace('client'), serverEndpoint, BRIEFLY)).toBe('timed out')
      expect(origin.accepted).toEqual([])
    })

    it('brings answers back to a proxy that dials with the address of its client', async () => {
      using path = openProxiedPath()
      await using origin = await accept(path.namespace('server'), serverEndpoint)
      const options = { bind: { address: client, port: 0 }, transparent: true }
      firewall.apply(path.namespace('proxy'), interception.ruleSet)
      expect(await dial(path.namespace('proxy'), serverEndpoint, options)).toBe('connected')
      await expect.poll(() => origin.accepted).toEqual([`${client} -> ${server}:${SERVER_PORT}`])
      firewall.remove(path.namespace('proxy'), 'sidecar')
      const outcome = await dial(path.namespace('proxy'), serverEndpoint, {
        ...options,
        ...BRIEFLY,
      })
      expect(outcome).not.toBe('connected')
    })
  })

  describe.each([4, 6] as const)('redirect over IPv%i', (family) => {
    const { server } = addresses[family]
    const serverEndpoint = { address: server, port: SERVER_PORT }

    it('sends a connection made here to a local port, and one with the exempt mark on its way', async () => {
      using path = openProxiedPath()
      const local = { address: family === 4 ? '127.0.0.1' : '::1', port: 15_001 }
      await using origin = await accept(path.namespace('server'), serverEndpoint)
      await using proxy = await accept(path.namespace('client'), local)
      firewall.apply(path.namespace('client'), redirection(family))
      expect(await dial(path.namespace('client'), serverEndpoint)).toBe('connected')
      const accepted = (): readonly number[] => [proxy.accepted.length, origin.accepted.length]
      await expect.poll(accepted).toEqual([1, 0])
      expect(await dial(path.namespace('client'), serverEndpoint, { mark: 2 })).toBe('connected')
      await expect.poll(accepted).toEqual([1, 1])
    })

    it('refuses a connection when nobody listens on the local port', async () => {
      using path = openProxiedPath()
      await using origin = await accept(path.namespace('server'), serverEndpoint)
      firewall.apply(path.namespace('client'), redirection(family))
      expect(await dial(path.namespace('client'), serverEndpoint)).toBe('refused')
      expect(origin.accepted).toEqual([])
    })
  })

  it('changes nothing when the same rule set is applied again', () => {
    using path = openProxiedPath()
    const namespace = path.namespace('proxy')
    firewall.apply(namespace, interception.ruleSet)
    const loaded = rulesIn(namespace)
    firewall.apply(namespace, interception.ruleSet)
    expect(rulesIn(namespace)).toEqual(loaded)
    firewall.apply(namespace, { ...interception.ruleSet, rules: [dropRule(4), dropRule(6)] })
    expect(rulesIn(namespace)).not.toEqual(loaded)
  })

  it('replaces a rule set without a trace of the old one', () => {
    using path = openProxiedPath()
    const { name } = interception.ruleSet
    const [fresh, used] = [path.namespace('client'), path.namespace('server')]
    // The tables of both families exist before, so that the listings can be equal.
    for (const namespace of [fresh, used]) firewall.apply(namespace, interception.ruleSet)
    firewall.remove(fresh, name)
    firewall.apply(fresh, { name, rules: [dropRule(4)] })
    firewall.apply(used, { name, rules: [dropRule(4)] })
    expect(rulesIn(used)).toEqual(rulesIn(fresh))
  })

  it('removes its own rules and leaves those of others', () => {
    using path = openProxiedPath()
    const namespace = path.namespace('client')
    addForeignRule(namespace)
    firewall.apply(namespace, redirection(4))
    firewall.apply(namespace, redirection(6, 'other'))
    firewall.remove(namespace, 'other')
    const before = rulesIn(namespace)
    firewall.apply(namespace, interception.ruleSet)
    expect(rulesIn(namespace)).not.toEqual(before)
    firewall.remove(namespace, interception.ruleSet.name)
    expect(rulesIn(namespace)).toEqual(before)
    firewall.remove(namespace, interception.ruleSet.name)
    expect(rulesIn(namespace)).toEqual(before)
  })

  it('counts what each rule has matched, in the order of the set, until that is zeroed', async () => {
    using path = openProxiedPath()
    const namespace = path.namespace('proxy')
    const counted = { name: 'counted', rules: [dropRule(6), dropRule(4)] }
    firewall.apply(namespace, counted)
    const loaded = rulesIn(namespace)
    const address = addresses[4].server
    const endpoint = { address, port: 80 }
    expect(await dial(path.namespace('client'), endpoint, BRIEFLY)).toBe('timed out')
    const [none, some] = firewall.counters(namespace, 'counted')
    expect(none).toEqual({ reason: 'Nothing passes over IPv6', packets: 0, bytes: 0 })
    // A kernel dials again after a second, when hanging up has taken that long.
    const dials = some?.packets ?? 0
    expect(dials).toBeGreaterThanOrEqual(1)
    expect(some).toEqual({ reason: 'Nothing passes over IPv4', packets: dials, bytes: dials * 60 })
    firewall.zero(namespace, counted)
    expect(firewall.counters(namespace, 'counted').map(({ packets }) => packets)).toEqual([0, 0])
    expect(rulesIn(namespace)).toEqual(loaded)
    firewall.remove(namespace, 'counted')
    expect(() => {
      firewall.zero(namespace, counted)
    }).toThrow('in proxy')
    expect(() => firewall.counters(namespace, 'counted')).toThrow(
      'Cannot list rule set "counted" in proxy',
    )
  })

  it('says which rule set the machine refuses, and where', () => {
    using path = openProxiedPath()
    const [rule] = interception.ruleSet.rules.filter(({ action }) => action.kind === 'tproxy')
    if (rule?.action.kind !== 'tproxy') throw new Error('the set has a tproxy rule')
    const rules = [{ ...rule, action: { ...rule.action, mark: 2 ** 40 } }]
    expect(() => {
      firewall.apply(path.namespace('proxy'), { name: 'wrong', rules })
    }).toThrow('Cannot load rule set "wrong" in proxy')
  })
}

/** For a proxy beside the client that marks its own connections with 2. */
function redirection(family: 4 | 6, name = 'redirection'): RuleSet {
  const common = { hook: 'output', family } as const
  return {
    name,
    rules: [
      {
        ...common,
        match: { mark: { is: 2 } },
        action: { kind: 'return' },
        reason: "The proxy's own connections go on their way",
      },
      {
        ...common,
        match: { protocol: 'tcp', destinationPorts: [SERVER_PORT] },
        action: { kind: 'redirect', port: 15_001 },
        reason: 'Connections of the service go to the proxy beside it',
      },
    ],
  }
}

function dropRule(family: 4 | 6): Rule {
  return {
    hook: 'prerouting',
    family,
    match: { inputInterface: 'down0', protocol: 'tcp' },
    action: { kind: 'drop' },
    reason: `Nothing passes over IPv${family}`,
  }
}
