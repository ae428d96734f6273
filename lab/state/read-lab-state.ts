import type { LabState } from '#lab/lab.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import type { NetworkPlan } from '#netns/network-plan.ts'
import { hashState, readNamespaceState } from '#netns/state/namespace-state.ts'

/** What stands in the namespaces of a plan, whoever built it. */
export function readLabState(
  plan: NetworkPlan,
  namespace: (name: string) => NetworkNamespace,
): LabState {
  const namespaces = Object.fromEntries(
    plan.namespaces.map(({ name, sysctls }) => [
      name,
      readNamespaceState(namespace(name), { sysctls: Object.keys(sysctls) }),
    ]),
  )
  return { hash: hashState(namespaces), namespaces }
}
