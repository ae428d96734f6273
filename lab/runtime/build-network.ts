import { openNetwork, type Network, type NetworkOptions } from '#netns/network.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { LabPlan } from '#lab/topology/plan.ts'

/** @throws LabError that says what of the network cannot be made; nothing of it is left then. */
export function buildNetwork({ network }: LabPlan, options: NetworkOptions): Network {
  try {
    return openNetwork(network, options)
  } catch (error) {
    throw new LabError(`Cannot build the network: ${messageOf(error)}`)
  }
}
