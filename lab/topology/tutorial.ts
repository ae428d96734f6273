import { controlPlaneProcess, sidecarProcess } from './kong-processes.ts'
import { meshConfiguration, meshPorts, serviceBProcesses } from './service-b.ts'
import type { NodeSpec, Topology } from './topology.ts'

const namespace = 'tutorial'
const serviceB = '127.0.0.5'
const echo = '127.0.0.6'

/** Everything on the loopback addresses of one namespace, with the interception rules of the tutorial as they stand. */
export const tutorial: Topology = {
  name: 'tutorial',
  summary: 'One namespace, loopback addresses 127.0.0.1 to 127.0.0.6, iptables rules by hand.',
  namespaces: [{ name: namespace, routes: [] }],
  links: [],
  nodes: [
    node('service-a', 'service', '127.0.0.2'),
    sidecar('kong-a', '127.0.0.3'),
    sidecar('kong-b', '127.0.0.4'),
    {
      ...node('service-b', 'service', serviceB, echo),
      processes: serviceBProcesses(serviceB, [echo]),
    },
    {
      ...node('control-plane', 'control-plane', '127.0.0.1'),
      processes: [controlPlaneProcess('127.0.0.1')],
    },
  ],
  interception: [
    {
      kind: 'commands',
      namespace,
      install: [
        ...meshPorts.map(({ port, listener }) => intoKongA(port, listener)),
        ...meshPorts.map(({ port, listener }) => intoKongB(serviceB, port, listener)),
        ...meshPorts.map(({ port, listener }) => intoKongB(echo, port, listener)),
      ],
      remove: [['iptables', '--table', 'mangle', '--flush', 'PREROUTING']],
    },
  ],
  kong: meshConfiguration({ serviceB, echo }),
  tryNext: [
    'service-a curl --interface 127.0.0.2 http://127.0.0.5:18000',
    'service-a curl --interface 127.0.0.2 http://127.0.0.6:18000',
  ],
}

function node(name: string, kind: NodeSpec['kind'], ...addresses: readonly string[]): NodeSpec {
  return { name, kind, namespace, addresses, processes: [] }
}

function sidecar(name: string, address: string): NodeSpec {
  return {
    ...node(name, 'proxy', address),
    processes: [
      sidecarProcess(name, {
        listen: [address],
        settings: { nginx_proxy_proxy_bind: address, nginx_sproxy_proxy_bind: address },
      }),
    ],
  }
}

type Command = readonly [string, ...string[]]

function intoKongA(port: number, listener: number): Command {
  const rule = `--insert PREROUTING --table mangle --protocol tcp --dport ${port} --source 127.0.0.2`
  return iptables(`${rule} --jump TPROXY --on-port=${listener} --on-ip=127.0.0.3`)
}

function intoKongB(destination: string, port: number, listener: number): Command {
  const rule = `--append PREROUTING --table mangle --protocol tcp ! --source 127.0.0.4 --dport ${port}`
  return iptables(
    `${rule} --destination ${destination} --jump TPROXY --on-port=${listener} --on-ip=127.0.0.4`,
  )
}

function iptables(rule: string): Command {
  return ['iptables', ...rule.split(' ')]
}
