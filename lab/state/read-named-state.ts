import { existsSync } from 'node:fs'
import { LabError } from '#lab/run/lab-error.ts'
import type { LabState } from '#lab/lab.ts'
import { namedNamespaceFolder, NetworkNamespace } from '#netns/namespace.ts'
import type { NetworkPlan } from '#netns/network-plan.ts'
import { readLabState } from './read-lab-state.ts'

/**
 * What stands below /run/netns by the names of a plan: built by `ip netns`, or by a lab that this is run in.
 * @throws LabError that names the namespaces that are not there.
 */
export function readNamedState(plan: NetworkPlan): LabState {
  const absent = plan.namespaces.filter(({ name }) => !existsSync(pathOf(name)))
  if (absent.length > 0) {
    const names = absent.map(({ name }) => name).join(', ')
    throw new LabError(
      `${namedNamespaceFolder} has no ${names}: build the network first, by the script that "meshyard plan" prints.`,
    )
  }
  using opened = new DisposableStack()
  return readLabState(plan, (name) => opened.use(NetworkNamespace.open(pathOf(name))))
}

function pathOf(name: string): string {
  return `${namedNamespaceFolder}/${name}`
}
