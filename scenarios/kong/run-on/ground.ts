import type { Topology } from '#lab/topology/topology.ts'
import {
  examplePlugins,
  middleNode,
  origins,
  withMiddleNode,
  withSettings,
} from '#scenarios/support/adapt-topology.ts'
import type { Ground } from '#scenarios/support/ground.ts'

/**
 * What is for the echo service goes by two nodes, what is for Service B by a third one between them; both end at the
 * echo service.
 */
export function adaptForRunOn(topology: Topology, ground: Ground): Topology {
  const { serviceB, echo, between } = ground.addresses
  const plugins = examplePlugins('short-circuit', 'header-by-phase')
  const adapted = withSettings(withMiddleNode(topology, ground), {
    all: { plugins },
    'kong-a': {
      origins: origins({
        [`https://${serviceB}:18443`]: `https://${between}:${middleNode.https}`,
        [`tls://${serviceB}:19443`]: `tls://${between}:${middleNode.tls}`,
      }),
    },
    'kong-b': {
      origins: origins({
        [`https://${serviceB}:18443`]: `http://${echo}:18000`,
        [`tls://${serviceB}:19443`]: `tcp://${echo}:19000`,
      }),
    },
  })
  if (adapted.kong === undefined) throw new RangeError(`${topology.name} tells Kong nothing`)
  // A stream that comes to the middle node by its address is for Service B.
  const atMiddle = {
    name: 'at-middle',
    url: `tls://${serviceB}:19443`,
    route: {
      protocols: ['tls'],
      hosts: [],
      destinations: [{ ip: between, port: middleNode.tls }],
    },
  }
  return { ...adapted, kong: { ...adapted.kong, services: [...adapted.kong.services, atMiddle] } }
}

export const twoNodes = ['kong-a', 'kong-b'] as const
export const threeNodes = ['kong-a', middleNode.name, 'kong-b'] as const
