import type { Topology } from '#lab/topology/topology.ts'
import {
  examplePlugins,
  middleNode,
  origins,
  patient,
  withMiddleNode,
  withRedis,
  withSettings,
} from './adapt-topology.ts'
import type { Ground } from './ground.ts'

/** Where the Redis of an extended topology listens. */
export const redisPort = 6379

/**
 * What several suites need besides the built-in topology, all in one, so that the same lab serves one suite after the
 * other: example plugins, a Redis at the control plane, and origins by which nodes go on. What is for Service B in TLS
 * goes by a third node between the two. kong-b hands all that was meant for a secure service to the echo service in
 * plaintext.
 */
export function extendTopology(topology: Topology, ground: Ground): Topology {
  const { serviceB, echo, between } = ground.addresses
  const secured = [serviceB, echo]
  const plain = secured.flatMap((address) => [
    [`https://${address}:18443`, `http://${echo}:18000`],
    [`tls://${address}:19443`, `tcp://${echo}:19000`],
  ])
  const extended = withSettings(withMiddleNode(topology, ground), {
    all: { plugins: examplePlugins('short-circuit', 'header-by-phase'), ...patient },
    'kong-a': {
      origins: origins({
        [`https://${serviceB}:18443`]: `https://${between}:${middleNode.https}`,
        [`tls://${serviceB}:19443`]: `tls://${between}:${middleNode.tls}`,
      }),
    },
    'kong-b': { origins: origins(Object.fromEntries(plain)) },
  })
  if (extended.kong === undefined) throw new RangeError(`${topology.name} tells Kong nothing`)
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
  const kong = { ...extended.kong, services: [...extended.kong.services, atMiddle] }
  return withRedis({ ...extended, kong }, { port: redisPort })
}
