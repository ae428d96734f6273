import { LabError } from '#lab/run/lab-error.ts'
import type { AppliedFault } from './applied-fault.ts'
import { behindClock } from './clock.ts'
import type { NodeFaultSpec } from './fault-spec.ts'
import type { NodeControl } from './node-control.ts'
import { resetNode } from './reset-node.ts'
import { takeStoreDown } from './store-down.ts'

/** How long what a Kong node signs is valid, in days. */
const kongLifetimeDays = 7_300

export async function applyNodeFault(spec: NodeFaultSpec, lab: NodeControl): Promise<AppliedFault> {
  switch (spec.kind) {
    case 'kill':
      refuseIdle(spec.node, lab)
      await lab.stopNode(spec.node, 'SIGKILL')
      return { by: 'signal', heal: () => lab.startNode(spec.node) }
    case 'pause':
      refuseIdle(spec.node, lab)
      return pause(spec.node, lab)
    case 'restart':
      refuseIdle(spec.node, lab)
      await restart(spec.node, lab)
      return { by: 'signal' }
    case 'reset':
      return resetNode(spec.node, lab, spec)
    case 'clock':
      return changeClock(spec.node, spec.offset, lab)
    case 'expired-certificate': {
      const days = (spec.lifetimeDays ?? kongLifetimeDays) + 1
      return changeClock(spec.node, `-${days}d`, lab)
    }
    case 'store-down':
    default:
      return takeStoreDown(lab)
  }
}

function pause(node: string, lab: NodeControl): AppliedFault {
  const processes = lab.processesOf(node)
  for (const process of processes) process.signal('SIGSTOP')
  return {
    by: 'signal',
    heal: async () => {
      for (const process of processes) process.signal('SIGCONT')
    },
  }
}

async function changeClock(node: string, offset: string, lab: NodeControl): Promise<AppliedFault> {
  refuseIdle(node, lab)
  const prefix = await behindClock(offset, lab.runtime.backend)
  const processes = lab.processesOf(node)
  const runBehind = async (wrapper: readonly string[]): Promise<void> => {
    for (const process of processes) process.runBehind(wrapper)
    await restart(node, lab)
  }
  try {
    await runBehind(prefix)
  } catch (error) {
    await runBehind([])
    throw error
  }
  return { by: 'libfaketime', note: `restarted, ${offset}`, heal: () => runBehind([]) }
}

async function restart(node: string, lab: NodeControl): Promise<void> {
  await lab.stopNode(node, 'SIGTERM')
  await lab.startNode(node)
}

function refuseIdle(node: string, lab: NodeControl): void {
  if (lab.processesOf(node).some((process) => process.alive)) return
  throw new LabError(`The node ${node} runs nothing that a fault could hit.`)
}
