import type { KongServiceSpec, KongSpec, ProcessSpec } from './topology.ts'

/** The ports of Service B, and the port of a sidecar's listener that each is intercepted to. */
export const meshPorts = [
  { port: 19000, listener: 9000 },
  { port: 19443, listener: 9443 },
  { port: 18000, listener: 8000 },
  { port: 18443, listener: 8443 },
] as const

/** Service B as four ncat processes on one address and the echo service on the same ports of another. */
export function serviceBProcesses(
  address: string,
  echoAddresses: readonly string[],
): readonly ProcessSpec[] {
  const ncat = (name: string, port: number, tls: boolean, answer: string): ProcessSpec => ({
    kind: 'ncat',
    name,
    address,
    port,
    tls,
    answer,
  })
  return [
    ncat('tcp', 19000, false, 'Hello from Service B (TCP)'),
    ncat('tls', 19443, true, 'Hello from Service B (TLS)'),
    ncat('http', 18000, false, httpAnswer('Hello from Service B (HTTP)')),
    ncat('https', 18443, true, httpAnswer('Hello from Service B (HTTPS)')),
    {
      kind: 'echo',
      name: 'echo',
      addresses: echoAddresses,
      ports: { http: 18000, https: 18443, tcp: 19000, tls: 19443 },
    },
  ]
}

function httpAnswer(body: string): string {
  return String.raw`HTTP/1.1 200 OK\r\n\r\n${body}`
}

/** What Kong is told of Service B and the echo service, through the control plane. */
export function meshConfiguration({
  serviceB,
  echo,
}: {
  readonly serviceB: string
  readonly echo: string
}): KongSpec {
  return {
    admin: { node: 'control-plane', address: '127.0.0.1', port: 8001 },
    services: [...kongServices('service-b', serviceB), ...kongServices('echo', echo)],
  }
}

/** One Kong service and route per protocol: streams by destination, HTTP by host. */
function kongServices(name: string, address: string): readonly KongServiceSpec[] {
  const stream = (protocol: 'tcp' | 'tls', port: number): KongServiceSpec => ({
    name: `${name}-${protocol}`,
    url: `${protocol}://${address}:${port}`,
    route: { protocols: [protocol], hosts: [], destinations: [{ ip: address, port }] },
  })
  const http = (protocol: 'http' | 'https', url: string): KongServiceSpec => ({
    name: `${name}-${protocol}`,
    url,
    route: { protocols: [protocol], hosts: [address], destinations: [] },
  })
  return [
    stream('tcp', 19000),
    stream('tls', 19443),
    http('http', `http://${address}:18000`),
    http('https', `https://${address}:18443/`),
  ]
}
