import type { RuleSet } from '#netns/firewall/rule-set.ts'
import { interceptInPod, interceptOnPath, type Target } from '#netns/firewall/transparent-proxy.ts'
import type { PolicyRulePlan, RoutePlan } from '#netns/network-plan.ts'
import type { InterceptionSpec } from './topology.ts'

/** What turns the interception of one namespace on and off, and the routing it stands on. */
export type InterceptionPlan = {
  readonly namespace: string
  readonly routes: readonly RoutePlan[]
  readonly policyRules: readonly PolicyRulePlan[]
} & (
  | {
      readonly kind: 'rules'
      readonly ruleSet: RuleSet
      /** Whether the way is open without the rules: then the namespace passes on packets that are for others. */
      readonly onPath: boolean
    }
  | {
      readonly kind: 'commands'
      readonly install: readonly (readonly [string, ...string[]])[]
      readonly remove: readonly (readonly [string, ...string[]])[]
    }
)

/** The listeners of a sidecar on the path are on loopback: nobody else can reach them but through the rules. */
const listenerAddresses = ['127.0.0.1', '::1'] as const

export function planInterception(spec: InterceptionSpec, index: number): InterceptionPlan {
  if (spec.kind === 'commands') return { ...spec, routes: [], policyRules: [] }
  const { namespace, inputInterface, ports } = spec
  const common = {
    name: `mesh-${index}`,
    inputInterface,
    targets: listenerAddresses.flatMap((address) =>
      ports.map(({ port, listener }): Target => ({
        ports: [port],
        listener: { address, port: listener },
      })),
    ),
  }
  const onPath = spec.kind === 'path'
  return {
    kind: 'rules',
    namespace,
    onPath,
    ...(onPath
      ? interceptOnPath({ ...common, destinations: spec.destinations })
      : interceptInPod({ ...common, exempt: exemptions[spec.exempt] })),
  }
}

/** What the processes of a proxy in a pod have that the rules know it by. */
export const exemptions = { mark: { mark: 2 }, uid: { uid: 1337 } } as const

/** Settings that let a namespace pass on packets that are for others, or keep it from doing so. */
export function forwarding(value: '0' | '1'): Readonly<Record<string, string>> {
  return { 'net.ipv4.ip_forward': value, 'net.ipv6.conf.all.forwarding': value }
}
