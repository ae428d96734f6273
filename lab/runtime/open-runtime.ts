import { openNamespaceRuntime } from './namespace-runtime.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import type { Runtime } from './runtime.ts'

/**
 * Builds the network of a plan on its backend.
 * @throws LabError that says why it cannot be built, with nothing left of it.
 */
export async function openRuntime(plan: LabPlan): Promise<Runtime> {
  if (plan.backend === 'namespaces') return openNamespaceRuntime(plan)
  // A client of an engine takes longer to load than all else here.
  const { openContainerRuntime } = await import('./container-runtime.ts')
  return openContainerRuntime(plan)
}
