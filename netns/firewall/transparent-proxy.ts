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
    ...localDelivery(families, { mark, table }),
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
  }
}

export interface InPodOptions {
  readonly name: string
  /** Where connections from outside come in. */
  readonly inputInterface: string
  readonly targets: readonly Target[]
  /** How the proxy's own connections are told from those of the service: by a mark on its sockets, or by its user. */
  readonly exempt: { readonly mark: number } | { readonly uid: number }
  /** Mark that leads packets to this machine. Default: 1. */
  readonly mark?: number
  /** Routing table for the mark. Default: 100. */
  readonly table?: number
  /** Mark of the proxy's own connections, which no packet carries. Default: 2. */
  readonly connectionMark?: number
}

/**
 * Intercepts TCP for a proxy that shares a namespace with its service: what the service dials, and what comes in for
 * it. Connections within the namespace are left alone. The proxy may dial the service with the address of its client:
 * answers to it come back to the proxy.
 *
 * Loop guard: what the proxy opens is exempt, and that is decided once for each connection. Some of its later packets
 * belong to no socket any more (a reset, the last acknowledgement), and would be taken for the service's.
 */
export function interceptInPod(options: InPodOptions): Interception {
  const { name, inputInterface, targets, mark = 1, table = 100 } = options
  const families = familiesOf(targets)
  return {
    ...localDelivery(families, { mark, table }),
    ruleSet: {
      name,
      rules: [
        ...families.flatMap((family) => ownConnections(family, { ...options, mark })),
        ...targets.map((target): Rule => ({
          hook: 'output',
          family: familyOf(target.listener.address),
          match: { protocol: 'tcp', destinationPorts: target.ports },
          action: { kind: 'mark', mark },
          reason: `What the service dials on port ${target.ports.join(', ')} is sent to this machine`,
        })),
        ...targets.map((target) =>
          tproxyRule(target, { inputInterface: 'lo', mark: { is: mark } }, mark),
        ),
        ...targets.map((target) => tproxyRule(target, { inputInterface }, mark)),
      ],
    },
  }
}

/** What leads packets with a mark to this machine, whatever their address. */
function localDelivery(
  families: readonly Family[],
  { mark, table }: { readonly mark: number; readonly table: number },
): Pick<Interception, 'policyRules' | 'routes'> {
  return {
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

function ownConnections(
  family: Family,
  { exempt, mark, connectionMark = 2 }: InPodOptions & { readonly mark: number },
): Rule[] {
  const common = { hook: 'output', family } as const
  const own = { protocol: 'tcp', connectionMark: { is: connectionMark } } as const
  return [
    {
      ...common,
      match: { ...own, connection: 'reply' },
      action: { kind: 'mark', mark },
      reason:
        'What the service answers its proxy stays here, whatever address the proxy dialled from',
    },
    {
      ...common,
      match: {
        protocol: 'tcp',
        connection: 'new',
        ...('mark' in exempt ? { mark: { is: exempt.mark } } : { uid: { is: exempt.uid } }),
      },
      action: { kind: 'mark-connection', mark: connectionMark },
      reason: 'A connection that the proxy opens is its own until it ends',
    },
    {
      ...common,
      match: own,
      action: { kind: 'return' },
      reason: "The proxy's own connections go on their way",
    },
    {
      ...common,
      match: { outputInterface: { is: 'lo' } },
      action: { kind: 'return' },
      reason: 'Connections within the namespace need no proxy',
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
