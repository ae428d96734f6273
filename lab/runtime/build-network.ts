import { openNetwork, type Network, type NetworkOptions } from '#netns/network.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { LabPlan } from '#lab/topology/plan.ts'

/**
 * Builds the network of a lab.
 * @throws LabError that says what of it cannot be made; nothing is left then.
 */
export function buildNetwork({ network }: LabPlan, options: NetworkOptions): Network {
  try {
    return openNetwork(network, options)
  } catch (error) {
    throw new LabError(`Cannot build the network: ${messageOf(error)}`)
  }
}
