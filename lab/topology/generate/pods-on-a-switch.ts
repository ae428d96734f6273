import { controlPlaneProcess } from '#lab/topology/kong-processes.ts'
import { podInterception, podSidecar } from '#lab/topology/pods.ts'
import type { LinkEndSpec, NodeSpec, Topology } from '#lab/topology/topology.ts'
import { helloPorts, helloProcesses, helloRoutes, helloServices } from './hello-service.ts'

/** A service with its sidecar in one namespace. */
interface Pod {
  /** `1`: `pod-1` holds `service-1` and `kong-1`. */
  readonly id: string
  readonly addresses: readonly [four: string, six: string]
  /** Whether its service answers, or only asks. */
  readonly answers: boolean
}

/** One service in the middle, and so many around it that ask it. */
export function star(count: number): Topology {
  const middle: Pod = { id: 'hub', addresses: ['10.0.0.2', 'fd00::2'], answers: true }
  return onSwitch([middle, ...numbered(count, { answers: false })], {
    name: `star-${count}`,
    summary: `One service in the middle and ${count} around it, each with a sidecar in its namespace.`,
    from: 'service-1',
    to: middle,
  })
}

/** So many services, each of which reaches every other through its own sidecar and that one's. */
export function full(count: number): Topology {
  const pods = numbered(count, { answers: true })
  return onSwitch(pods, {
    name: `full-${count}`,
    summary: `${count} services that all reach each other, each with a sidecar in its namespace.`,
    from: 'service-1',
    to: pods.at(-1),
  })
}

function numbered(count: number, { answers }: Pick<Pod, 'answers'>): readonly Pod[] {
  return Array.from({ length: count }, (_, at) => ({
    id: String(at + 1),
    addresses: [`10.0.1.${at + 1}`, `fd00::1:${at + 1}`],
    answers,
  }))
}

interface Way {
  readonly name: string
  readonly summary: string
  readonly from: string
  readonly to: Pod | undefined
}

function onSwitch(pods: readonly Pod[], { name, summary, from, to }: Way): Topology {
  const answering = pods.filter(({ answers }) => answers)
  const controlPlane = ['10.0.0.1', 'fd00::1']
  return {
    name,
    summary,
    namespaces: ['switch', 'control-plane', ...pods.map(({ id }) => `pod-${id}`)].map((each) => ({
      name: each,
      routes: [],
    })),
    links: [
      {
        kind: 'bridge',
        name: 'mesh',
        namespace: 'switch',
        ends: [
          end('control-plane', controlPlane),
          ...pods.map(({ id, addresses }) => end(`pod-${id}`, addresses)),
        ],
      },
    ],
    nodes: [
      ...pods.flatMap((pod) => nodesOf(pod)),
      {
        name: 'control-plane',
        kind: 'control-plane',
        namespace: 'control-plane',
        addresses: controlPlane,
        processes: [controlPlaneProcess('0.0.0.0')],
      },
      { name: 'switch', kind: 'switch', namespace: 'switch', addresses: [], processes: [] },
    ],
    interception: pods.map(({ id }) => podInterception(`pod-${id}`, { ports: helloPorts })),
    kong: {
      admin: { node: 'control-plane', address: '127.0.0.1', port: 8001 },
      services: answering.flatMap(({ id, addresses: [four] }) =>
        helloServices(`service-${id}`, four),
      ),
      routes: helloRoutes,
    },
    tryNext:
      to === undefined
        ? []
        : [
            `${from} curl http://${to.addresses[0]}:18000`,
            `${from} ncat --recv-only ${to.addresses[1]} 19000`,
          ],
  }
}

function nodesOf({ id, addresses, answers }: Pod): readonly NodeSpec[] {
  const name = `service-${id}`
  return [
    {
      name,
      kind: 'service',
      namespace: `pod-${id}`,
      addresses,
      processes: answers ? helloProcesses(name) : [],
    },
    podSidecar(`kong-${id}`, { namespace: `pod-${id}`, addresses }),
  ]
}

/** All are in 10.0.0.0/16 and fd00::/64. */
function end(namespace: string, addresses: readonly string[]): LinkEndSpec {
  return {
    namespace,
    interface: 'eth0',
    addresses: addresses.map((each) => `${each}/${each.includes(':') ? 64 : 16}`),
  }
}
