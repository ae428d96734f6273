import { familyOf, parseCidr, type Family } from '#netns/ip-address.ts'
import type { PolicyRulePlan, RoutePlan } from '#netns/network-plan.ts'
import type { Negatable, Rule, RuleSet } from './rule-set.ts'

/** Ports whose connections go to a transparent listener, which sees where they were going as its local address. */
export interface Target {
  readonly ports: readonly number[]
  /** Its address says which family is meant. */
  readonly listener: { readonly address: string; readonly port: number }
}

/** What a namespace needs for an interception; the parts belong into its plan. */
export interface Interception {
  readonly ruleSet: RuleSet
  readonly policyRules: readonly PolicyRulePlan[]
  readonly routes: readonly RoutePlan[]
}

export interface OnPathOptions {
  readonly name: string
  /** Where intercepted connections come in. */
  readonly inputInterface: string
  /** Addresses or CIDR blocks; each counts for the targets of its family. Default: every destination. */
  readonly destinations?: readonly string[]
  readonly targets: readonly Target[]
  /** Mark that leads packets to this machine. Default: 1. */
  readonly mark?: number
  /** Routing table for the mark. Default: 100. */
  readonly table?: number
  /**
   * The proxy dials with the address of its client, and answers to that address have to come back to the proxy.
   * Default: false, it dials with its own.
   */
  readonly keepsClientAddress?: boolean
}

/**
 * Intercepts TCP for a proxy that stands on the path, in a namespace between client and server.
 *
 * Loop guard: rules hold for one ingress interface, and what the proxy dials leaves without entering one.
 * @throws RangeError for the ingress interface `lo`, which everything the proxy dials locally enters too.
 */
export function interceptOnPath(options: OnPathOptions): Interception {
  const { name, inputInterface, targets, mark = 1, table = 100 } = options
  if (inputInterface === 'lo') {
    throw new RangeError(
      `Cannot intercept on lo by its name alone, the proxy would catch itself; use interceptOnLoopback for "${name}"`,
    )
  }
  const families = familiesOf(targets)
  return {
    ruleSet: {
      name,
      rules: [
        ...(options.keepsClientAddress === true
          ? families.flatMap((family) => returnPath(family, mark))
          : []),
        ...targets.flatMap((target) =>
          destinationsFor(target, options.destinations).map((destination) =>
            tproxyRule(target, { inputInterface, ...destination }, mark),
          ),
        ),
      ],
    },
    policyRules: families.map((family) => ({
      family,
      mark,
      table,
      priority: 100,
      reason: 'Intercepted packets are for other addresses and need routing of their own',
    })),
    routes: families.map((family) => ({
      destination: 'default',
      type: 'local',
      via: undefined,
      interface: 'lo',
      table,
      family,
      reason: 'Whatever its address, an intercepted packet is delivered here',
    })),
  }
}

export interface OnLoopbackOptions {
  readonly name: string
  /**
   * Whose connections are intercepted: those of one client, or those of everyone but the proxy. This is the loop
   * guard, so the proxy has to dial from an address that it leaves out.
   */
  readonly source: Negatable<string>
  /** Default: every destination. */
  readonly destination?: string
  readonly targets: readonly Target[]
}

/**
 * Intercepts TCP where client, proxy and server share the loopback interface and differ by address. Loopback
 * addresses are delivered here anyway, so neither mark nor routing is needed.
 */
export function interceptOnLoopback(options: OnLoopbackOptions): RuleSet {
  const { name, source, destination, targets } = options
  return {
    name,
    rules: targets.map((target) =>
      tproxyRule(target, {
        source,
        ...(destination === undefined ? {} : { destination: { is: destination } }),
      }),
    ),
  }
}

/** Packets of connections that the proxy made in its client's name are for the client, and would be sent on to it. */
function returnPath(family: Family, mark: number): Rule[] {
  const common = {
    hook: 'prerouting',
    family,
    match: { protocol: 'tcp', transparentSocket: true },
  } as const
  return [
    {
      ...common,
      action: { kind: 'mark', mark },
      reason:
        'Packets for connections that the proxy made with the address of its client stay here',
    },
    {
      ...common,
      action: { kind: 'accept' },
      reason: 'Packets of known connections need no interception',
    },
  ]
}

function tproxyRule(target: Target, match: Rule['match'], mark?: number): Rule {
  const { address, port } = target.listener
  return {
    hook: 'prerouting',
    family: familyOf(address),
    match: { ...match, protocol: 'tcp', destinationPorts: target.ports },
    action: { kind: 'tproxy', address, port, ...(mark === undefined ? {} : { mark }) },
    reason: `Connections to port ${target.ports.join(', ')} go to the proxy on port ${port}`,
  }
}

function destinationsFor(
  { listener }: Target,
  destinations: readonly string[] | undefined,
): Pick<Rule['match'], 'destination'>[] {
  if (destinations === undefined) return [{}]
  const family = familyOf(listener.address)
  return destinations
    .filter((destination) => parseCidr(destination).family === family)
    .map((destination) => ({ destination: { is: destination } }))
}

function familiesOf(targets: readonly Target[]): Family[] {
  return [...new Set(targets.map(({ listener }) => familyOf(listener.address)))]
}
