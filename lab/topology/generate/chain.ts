import { controlPlaneProcess, sidecarProcess } from '#lab/topology/kong-processes.ts'
import type { LinkEndSpec, NodeSpec, RouteSpec, Topology } from '#lab/topology/topology.ts'
import { helloPorts, helloProcesses, helloRoutes, helloServices } from './hello-service.ts'

/** More routers than the usual 64 may be on the way while the rules are away. */
const manyHops = { 'net.ipv4.ip_default_ttl': '255', 'net.ipv6.conf.default.hop_limit': '255' }

/** service-a – kong-1 – … – kong-n – service-b: a connection passes all of them, each of which dials the next. */
export function chain(count: number): Topology {
  const sidecars = Array.from({ length: count }, (_, at) => at + 1)
  const last = { four: address(count, 'right', 4), six: address(count, 'right', 6) }
  return {
    name: `chain-${count}`,
    summary: `Two services with ${count === 1 ? 'a sidecar' : `${count} sidecars in a row`} between them, each in a namespace of its own.`,
    namespaces: [
      { name: 'service-a', routes: gateways(0, 'right'), sysctls: manyHops },
      ...sidecars.map((at) => ({ name: `kong-${at}`, routes: wayThrough(at, count) })),
      { name: 'service-b', routes: gateways(count, 'left'), sysctls: manyHops },
      { name: 'control-plane', routes: [] },
    ],
    links: [0, ...sidecars].map((at) => ({
      kind: 'veth',
      name: `hop-${at}`,
      ends: [
        end(at === 0 ? 'service-a' : `kong-${at}`, at, 'left'),
        end(at === count ? 'service-b' : `kong-${at + 1}`, at, 'right'),
      ],
    })),
    nodes: [
      node('service-a', 'service', addresses(0, 'left')),
      ...sidecars.map((at): NodeSpec => ({
        ...node(`kong-${at}`, 'proxy', [...addresses(at - 1, 'right'), ...addresses(at, 'left')]),
        processes: [sidecarProcess(`kong-${at}`, { listen: ['127.0.0.1', '[::1]'] })],
      })),
      {
        ...node('service-b', 'service', addresses(count, 'right')),
        processes: helloProcesses('service-b'),
      },
      {
        ...node('control-plane', 'control-plane', []),
        processes: [controlPlaneProcess('127.0.0.1')],
      },
    ],
    interception: sidecars.map((at) => ({
      kind: 'path',
      namespace: `kong-${at}`,
      inputInterface: 'dn0',
      destinations: [last.four, last.six],
      ports: helloPorts,
    })),
    kong: {
      admin: { node: 'control-plane', address: '127.0.0.1', port: 8001 },
      services: helloServices('service-b', last.four),
      routes: helloRoutes,
    },
    tryNext: [
      `service-a curl http://${last.four}:18000`,
      `service-a ncat --recv-only ${last.six} 19000`,
    ],
  }
}

/** The side of a link that is nearer to service-a, and the other one. */
type Side = 'left' | 'right'

function address(link: number, side: Side, family: 4 | 6): string {
  const host = side === 'left' ? 1 : 2
  return family === 4 ? `10.1.${link}.${host}` : `fd00:1:${link}::${host}`
}

function addresses(link: number, side: Side): readonly string[] {
  return [address(link, side, 4), address(link, side, 6)]
}

/** A sidecar's interfaces are `dn0` towards service-a and `up0` towards service-b. */
function end(namespace: string, link: number, side: Side): LinkEndSpec {
  const inner = side === 'left' ? 'up0' : 'dn0'
  return {
    namespace,
    interface: namespace.startsWith('kong-') ? inner : 'eth0',
    addresses: addresses(link, side).map((each) => `${each}/${each.includes(':') ? 64 : 24}`),
  }
}

function gateways(link: number, side: Side): readonly RouteSpec[] {
  return addresses(link, side).map((via) => ({ to: 'default', via }))
}

/** A sidecar has its neighbours' links; the services' own are further away. */
function wayThrough(at: number, count: number): readonly RouteSpec[] {
  return [
    ...(at > 1 ? routesTo(0, addresses(at - 1, 'left')) : []),
    ...(at < count ? routesTo(count, addresses(at, 'right')) : []),
  ]
}

function routesTo(link: number, gatewayOfEach: readonly string[]): readonly RouteSpec[] {
  const networks = [`10.1.${link}.0/24`, `fd00:1:${link}::/64`]
  return gatewayOfEach.map((via) => ({
    to: networks.find((network) => network.includes(':') === via.includes(':')) ?? via,
    via,
  }))
}

function node(name: string, kind: NodeSpec['kind'], of: readonly string[]): NodeSpec {
  return { name, kind, namespace: name, addresses: of, processes: [] }
}
