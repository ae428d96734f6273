import type { KongRouteSpec, KongServiceSpec, ProcessSpec } from '#lab/topology/topology.ts'

/** The ports of a service that says its name, and the port of a sidecar's listener that each is intercepted to. */
export const helloPorts = [
  { port: 18000, listener: 8000 },
  { port: 19000, listener: 9000 },
] as const

/** A small process for each port, on all addresses: two hundred services fit into a machine. */
export function helloProcesses(name: string): readonly ProcessSpec[] {
  return [
    helloProcess('tcp', 19000, `Hello from ${name} (TCP)`),
    helloProcess('http', 18000, String.raw`HTTP/1.1 200 OK\r\n\r\nHello from ${name} (HTTP)`),
  ]
}

function helloProcess(name: string, port: number, answer: string): ProcessSpec {
  // Without an address ncat listens for both families.
  const listen = ['ncat', '--listen', '--keep-open', '--verbose'] as const
  return {
    kind: 'command',
    name,
    argv: [...listen, '--sh-exec', `echo '${answer}'`, String(port)],
    environment: {},
    listens: ['0.0.0.0', '::'].map((address) => ({ address, port })),
  }
}

/** A Kong service and route for each port: streams by destination, HTTP by host. */
export function helloServices(name: string, address: string): readonly KongServiceSpec[] {
  return [
    {
      name: `${name}-tcp`,
      url: `tcp://${address}:19000`,
      route: { protocols: ['tcp'], hosts: [], destinations: [{ ip: address, port: 19000 }] },
    },
    {
      name: `${name}-http`,
      url: `http://${address}:18000`,
      route: { protocols: ['http'], hosts: [address], destinations: [] },
    },
  ]
}

/** Kong 1.1 knows no IPv6 destinations: over IPv6 a client gets where it wants to go. */
export const helloRoutes: readonly KongRouteSpec[] = [
  { name: 'anywhere-tcp', protocols: ['tcp'], paths: [], ports: [19000] },
  { name: 'anywhere-http', protocols: ['http'], paths: ['/'], ports: [] },
]
