import { describe, expect, it } from 'vitest'
import { planFaults } from '#netns/plan-faults.ts'
import { findTopology } from './find-topology.ts'
import { parseTopology } from './parse-topology.ts'
import { planLab } from './plan.ts'
import { makePods, pods } from './pods.ts'
import { sidecars } from './sidecars.ts'
import { topologyFaults } from './topology-faults.ts'
import type { Topology } from './topology.ts'
import { tutorial } from './tutorial.ts'

const places = { name: 'x', folder: '/lab/x', root: '/product', node: '/node', bare: false }

describe.for([sidecars, tutorial, pods])('the topology $name', (topology) => {
  it('has no faults, read from JSON as it stands', () => {
    const read = parseTopology(JSON.parse(JSON.stringify(topology)), topology.name)
    expect(read).toStrictEqual(topology)
    expect(topologyFaults(topology)).toStrictEqual([])
  })

  it('makes a network plan without faults', () => {
    expect(planFaults(planLab(topology, places).network)).toStrictEqual([])
  })

  it('starts three Kong nodes that share one folder, and five services', () => {
    const { processes, entities } = planLab(topology, places)
    expect(processes.filter(({ kong }) => kong).map(({ kong }) => kong)).toStrictEqual([
      { prefix: 'kong-a', proxies: true },
      { prefix: 'kong-b', proxies: true },
      { prefix: 'kong-c', proxies: false },
    ])
    expect(processes.filter(({ node }) => node === 'service-b')).toHaveLength(5)
    expect(entities).toMatchObject({ services: 8, routes: 8 })
  })

  it('starts nothing when bare', () => {
    const plan = planLab(topology, { ...places, bare: true })
    expect(plan.processes).toStrictEqual([])
    expect(plan.entities).toBeUndefined()
  })
})

describe('the plan of the tutorial', () => {
  const plan = planLab(tutorial, places)

  it('has the rules of the tutorial in their order', () => {
    const [interception] = plan.interception
    if (interception?.kind !== 'commands') throw new Error('the tutorial intercepts by commands')
    expect(interception.install.slice(0, 8).map((argv) => argv.join(' '))).toStrictEqual([
      'iptables --insert PREROUTING --table mangle --protocol tcp --dport 19000 --source 127.0.0.2 --jump TPROXY --on-port=9000 --on-ip=127.0.0.3',
      'iptables --insert PREROUTING --table mangle --protocol tcp --dport 19443 --source 127.0.0.2 --jump TPROXY --on-port=9443 --on-ip=127.0.0.3',
      'iptables --insert PREROUTING --table mangle --protocol tcp --dport 18000 --source 127.0.0.2 --jump TPROXY --on-port=8000 --on-ip=127.0.0.3',
      'iptables --insert PREROUTING --table mangle --protocol tcp --dport 18443 --source 127.0.0.2 --jump TPROXY --on-port=8443 --on-ip=127.0.0.3',
      'iptables --append PREROUTING --table mangle --protocol tcp ! --source 127.0.0.4 --dport 19000 --destination 127.0.0.5 --jump TPROXY --on-port=9000 --on-ip=127.0.0.4',
      'iptables --append PREROUTING --table mangle --protocol tcp ! --source 127.0.0.4 --dport 19443 --destination 127.0.0.5 --jump TPROXY --on-port=9443 --on-ip=127.0.0.4',
      'iptables --append PREROUTING --table mangle --protocol tcp ! --source 127.0.0.4 --dport 18000 --destination 127.0.0.5 --jump TPROXY --on-port=8000 --on-ip=127.0.0.4',
      'iptables --append PREROUTING --table mangle --protocol tcp ! --source 127.0.0.4 --dport 18443 --destination 127.0.0.5 --jump TPROXY --on-port=8443 --on-ip=127.0.0.4',
    ])
  })

  it('starts Kong A with the settings of the tutorial, in the foreground', () => {
    const kongA = plan.processes.find(({ node }) => node === 'kong-a')
    expect(kongA?.argv).toStrictEqual(['/product/core/bin/kong', 'start'])
    expect(kongA?.environment).toStrictEqual({
      KONG_PREFIX: 'kong-a',
      KONG_LOG_LEVEL: 'debug',
      KONG_STREAM_LISTEN: '127.0.0.3:9000 transparent, 127.0.0.3:9443 transparent',
      KONG_PROXY_LISTEN: '127.0.0.3:8000 transparent, 127.0.0.3:8443 ssl transparent',
      KONG_ADMIN_LISTEN: 'off',
      KONG_NGINX_PROXY_PROXY_BIND: '127.0.0.3',
      KONG_NGINX_SPROXY_PROXY_BIND: '127.0.0.3',
      KONG_NGINX_DAEMON: 'off',
    })
  })

  it('starts the ncat processes of the tutorial', () => {
    const [tcp, , , https] = plan.processes.filter(({ node }) => node === 'service-b')
    expect(tcp?.argv).toStrictEqual([
      'ncat',
      '--listen',
      '--keep-open',
      '--verbose',
      '--sh-exec',
      "echo 'Hello from Service B (TCP)'",
      '127.0.0.5',
      '19000',
    ])
    expect(https?.argv).toContain('--ssl')
    expect(https?.argv).toContain(
      String.raw`echo 'HTTP/1.1 200 OK\r\n\r\nHello from Service B (HTTPS)'`,
    )
  })

  it('creates the services before their routes, as the tutorial does', () => {
    expect(plan.entities?.requests.slice(0, 2)).toStrictEqual([
      {
        method: 'PUT',
        path: '/services/service-b-tcp',
        body: { url: 'tcp://127.0.0.5:19000' },
      },
      {
        method: 'POST',
        path: '/services/service-b-tcp/routes',
        body: {
          name: 'service-b-tcp',
          protocols: ['tcp'],
          destinations: [{ ip: '127.0.0.5', port: 19000 }],
        },
      },
    ])
  })
})

describe('the plan of sidecars', () => {
  it('intercepts on the path, both families, in the namespaces of both sidecars', () => {
    const { interception, network } = planLab(sidecars, places)
    expect(interception.map(({ namespace }) => namespace)).toStrictEqual(['kong-a', 'kong-b'])
    const kongA = network.namespaces.find(({ name }) => name === 'kong-a')
    expect(kongA?.policyRules.map(({ family }) => family)).toStrictEqual([4, 6])
    expect(kongA?.routes.filter(({ type }) => type === 'local')).toHaveLength(2)
  })
})

describe('the plan of pods', () => {
  const kongA = (exempt: 'mark' | 'uid') =>
    planLab(makePods({ exempt }), places).processes.find(({ node }) => node === 'kong-a')

  it('has sidecars mark what they dial, and nobody else', () => {
    expect(kongA('mark')?.environment).toMatchObject({ MESHYARD_SOCKET_MARK: '2' })
    const marked = planLab(pods, places).processes.filter(
      ({ environment }) => 'MESHYARD_SOCKET_MARK' in environment,
    )
    expect(marked.map(({ node }) => node)).toStrictEqual(['kong-a', 'kong-b'])
  })

  it('makes them a user that may still intercept, where the rules know them by that', () => {
    const { argv, environment } = kongA('uid') ?? {}
    expect(argv?.join(' ')).toBe(
      'setpriv --reuid=1337 --regid=1337 --clear-groups' +
        ' --inh-caps=+net_admin,+net_raw,+net_bind_service,+dac_override' +
        ' --ambient-caps=+net_admin,+net_raw,+net_bind_service,+dac_override' +
        ' -- /product/core/bin/kong start',
    )
    expect(environment).not.toHaveProperty('MESHYARD_SOCKET_MARK')
  })

  it('forwards nothing when bare, for nobody is on the way', () => {
    const { namespaces } = planLab(pods, { ...places, bare: true }).network
    expect(namespaces.map(({ sysctls }) => sysctls)).toStrictEqual([{}, {}, {}, {}])
  })

  it('refuses a pod without a sidecar, and two interceptions of one namespace', () => {
    const [first] = pods.interception
    if (first?.kind !== 'pod') throw new Error('pods intercept in pods')
    const topology: Topology = {
      ...pods,
      interception: [first, first, { ...first, namespace: 'control-plane' }],
    }
    expect(topologyFaults(topology)).toStrictEqual([
      'interception[1]: interception[0] is for pod-a, too',
      'interception[2].namespace: no node of kind "proxy" is in control-plane',
    ])
  })
})

describe('the plan of another Kong', () => {
  const proxy = { kind: 'command', program: '/opt/kong' } as const
  const kongOf = (topology: Topology, node: string) =>
    planLab(topology, { ...places, proxy }).processes.find(
      (process) => process.node === node && process.kong !== undefined,
    )

  it('has it find PostgreSQL beside the Admin API, whose node makes the tables for the others', () => {
    const [first, other] = ['control-plane', 'kong-a'].map((node) => kongOf(sidecars, node))
    expect(first?.argv.slice(2)).toStrictEqual(['first', 'store.ready', '/opt/kong'])
    expect(other?.argv.slice(2)).toStrictEqual(['other', 'store.ready', '/opt/kong'])
    expect(other?.environment).toMatchObject({
      KONG_DATABASE: 'postgres',
      KONG_PG_HOST: '10.0.0.1',
      KONG_NGINX_USER: 'root root',
      KONG_ANONYMOUS_REPORTS: 'off',
      KONG_PREFIX: 'kong-a',
    })
  })

  it('has a store where nobody is told anything, too', () => {
    const { kong, ...rest } = sidecars
    expect(kong).toBeDefined()
    const topology = { ...rest, kong: undefined }
    expect(kongOf(topology, 'kong-a')?.argv[2]).toBe('first')
    expect(kongOf(topology, 'kong-b')?.argv[2]).toBe('other')
    expect(kongOf(topology, 'kong-b')?.environment).toMatchObject({ KONG_PG_HOST: '10.1.0.3' })
  })
})

describe(parseTopology, () => {
  it('tells every malformed place at once', () => {
    const topology = {
      ...sidecars,
      surprise: true,
      nodes: [{ ...sidecars.nodes[0], kind: 'router' }],
      links: [
        { kind: 'veth', name: 'a', ends: [{ namespace: 'x', interface: 'way-too-long-name' }] },
      ],
    }
    expect(() => parseTopology(topology, 'x.json')).toThrow(
      /The topology x\.json cannot run:(?=[\s\S]*nodes\[0\]\.kind: )(?=[\s\S]*links\[0\]\.ends)(?=[\s\S]*surprise)/,
    )
  })

  it('tells what a well-formed topology names that is not there', () => {
    const topology: Topology = {
      ...tutorial,
      nodes: tutorial.nodes.map((node) => ({ ...node, namespace: 'nowhere' })),
    }
    expect(topologyFaults(topology)).toContain(
      'nodes[2].namespace: there is no namespace "nowhere"',
    )
    expect(() => parseTopology(topology, 'x')).toThrow(/nodes\[2\]\.namespace/)
  })

  it('refuses two processes on one endpoint, or with one Kong prefix', () => {
    const kongA = tutorial.nodes.filter(({ name }) => name === 'kong-a')
    const again = kongA.map((node) => ({ ...node, name: 'again' }))
    const topology = { ...tutorial, nodes: [...tutorial.nodes, ...again] }
    const faults = topologyFaults(topology).join('\n')
    expect(faults).toContain('has the prefix kong-a already')
    expect(faults).toContain('has tutorial: 127.0.0.3 port 9000 already')
  })
})

describe(findTopology, () => {
  it('tells which names there are for one that is none', async () => {
    await expect(findTopology('toString')).rejects.toThrow(/sidecars, tutorial/)
  })

  it('names the file that cannot be read', async () => {
    await expect(findTopology('/nowhere.json')).rejects.toThrow(/\/nowhere\.json: ENOENT/)
  })
})
