import type { LabProcess } from '#lab/holder/lab-process.ts'
import type { Runtime } from '#lab/runtime/runtime.ts'
import type { LabPlan } from '#lab/topology/plan.ts'

/** What faults need of a running lab. */
export interface NodeControl {
  readonly plan: LabPlan
  readonly runtime: Runtime
  processesOf(node: string): readonly LabProcess[]
  /** Resolves once it is ready. */
  startNode(node: string): Promise<void>
  stopNode(node: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}
