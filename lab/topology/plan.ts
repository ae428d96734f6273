import { join } from 'node:path'
import type { Backend } from '#lab/runtime/runtime.ts'
import {
  gatewayRoute,
  type LinkPlan,
  type NamespacePlan,
  type NetworkPlan,
} from '#netns/network-plan.ts'
import { entityRequests, routeRequest, type EntityRequest } from './kong-entities.ts'
import { forwarding, planInterception, type InterceptionPlan } from './plan-interception.ts'
import { planProcess, type ProcessPlan } from './plan-process.ts'
import { planStore, storeProcess } from './plan-store.ts'
import { renderProxy, type ProxySubject } from './proxy-subject.ts'
import type { Endpoint, NodeSpec, Topology } from './topology.ts'

/** Everything the holder does, decided: it reads this as `plan.json` and knows no topology. */
export interface LabPlan {
  readonly name: string
  readonly topology: string
  readonly folder: string
  readonly bare: boolean
  /** What it runs on. */
  readonly backend: Backend
  /** Of its containers. Default: one that mounts this machine's programs. */
  readonly image?: string
  /** Which Kong its proxies are, where it is not the product's own. */
  readonly proxy?: string
  /** Added to the environment of every process and command. */
  readonly environment: Readonly<Record<string, string>>
  readonly network: NetworkPlan
  readonly nodes: readonly NodePlan[]
  readonly interception: readonly InterceptionPlan[]
  readonly processes: readonly ProcessPlan[]
  readonly entities: EntitiesPlan | undefined
}

export type NodePlan = Omit<NodeSpec, 'processes'>

export interface EntitiesPlan {
  readonly namespace: string
  readonly admin: Endpoint
  readonly requests: readonly EntityRequest[]
  /** How many services and routes a proxy knows once it has all of them. */
  readonly services: number
  readonly routes: number
}

export interface PlanOptions {
  readonly name: string
  readonly folder: string
  /** Where the product's own files are. */
  readonly root: string
  /** This Node. */
  readonly node: string
  readonly bare: boolean
  /** Whether TLS secrets are logged. Default: no. */
  readonly keyLog?: boolean
  /** Default: namespaces. */
  readonly backend?: Backend
  readonly image?: string
  /** Default: the product's own. */
  readonly proxy?: ProxySubject
}

/** Where the processes of a lab log their TLS secrets, in its run folder. */
export const keyLogFile = 'tls-keys.log'

/** Compiles a topology that has no faults into what the holder does. */
export function planLab(topology: Topology, options: PlanOptions): LabPlan {
  const { name, folder, bare } = options
  const isForeign = options.proxy !== undefined && options.proxy.kind !== 'core'
  const store = isForeign ? planStore(topology) : undefined
  const interception = topology.interception.map((spec, index) => planInterception(spec, index))
  return {
    name,
    topology: topology.name,
    folder,
    bare,
    backend: options.backend ?? 'namespaces',
    ...(options.image !== undefined && { image: options.image }),
    ...(options.proxy && isForeign && { proxy: renderProxy(options.proxy) }),
    environment: options.keyLog === true ? keyLogEnvironment(join(folder, keyLogFile)) : {},
    network: {
      namespaces: topology.namespaces.map((namespace): NamespacePlan => {
        const rules = interception.filter((each) => each.namespace === namespace.name)
        return {
          name: namespace.name,
          // Without interception the way past a sidecar is open.
          sysctls: {
            ...namespace.sysctls,
            ...(bare && rules.some((rule) => rule.kind === 'rules' && rule.onPath)
              ? forwarding('1')
              : {}),
          },
          loopbackAddresses: [],
          routes: [
            ...namespace.routes.map((route) =>
              gatewayRoute({ ...route, reason: 'the topology names it' }),
            ),
            ...rules.flatMap((each) => each.routes),
          ],
          policyRules: rules.flatMap((each) => each.policyRules),
          ruleSets: [],
        }
      }),
      links: topology.links satisfies readonly LinkPlan[],
    },
    nodes: topology.nodes.map(({ name: node, kind, namespace, addresses }) => ({
      name: node,
      kind,
      namespace,
      addresses,
    })),
    interception,
    processes: bare
      ? []
      : [
          ...(store === undefined ? [] : [storeProcess(store, options.root)]),
          ...topology.nodes.flatMap((node) =>
            node.processes.map((process) =>
              planProcess(node, process, {
                ...options,
                store,
                hasStore: store?.node === node.name,
                exempt: exemptionOf(node, topology),
                admin: topology.kong?.admin.node === node.name ? topology.kong.admin : undefined,
              }),
            ),
          ),
        ],
    entities: bare ? undefined : planEntities(topology),
  }
}

/** Our own programs and others, such as curl, each have a variable for it. */
function keyLogEnvironment(file: string): Readonly<Record<string, string>> {
  return { MESHYARD_KEYLOG: file, SSLKEYLOGFILE: file }
}

/** How the rules of its namespace know a proxy; undefined where they need not. */
function exemptionOf(
  { kind, namespace }: NodeSpec,
  { interception }: Topology,
): 'mark' | 'uid' | undefined {
  if (kind !== 'proxy') return undefined
  const pod = interception.find((spec) => spec.kind === 'pod' && spec.namespace === namespace)
  return pod?.kind === 'pod' ? pod.exempt : undefined
}

function planEntities(topology: Topology): EntitiesPlan | undefined {
  const { kong } = topology
  if (kong === undefined) return undefined
  const { routes = [] } = kong
  const node = topology.nodes.find((each) => each.name === kong.admin.node)
  if (node === undefined) throw new Error(`${topology.name} has no node ${kong.admin.node}`)
  return {
    namespace: node.namespace,
    admin: { address: kong.admin.address, port: kong.admin.port },
    requests: [
      ...kong.services.flatMap((service) => entityRequests(service)),
      ...routes.map((route) => routeRequest(route)),
    ],
    services: kong.services.length,
    routes: kong.services.length + routes.length,
  }
}

/** Where the processes of a node write, relative to the run folder; `name` is what people call it. */
export function nodeLogs(plan: LabPlan, node: string): readonly { name: string; file: string }[] {
  return plan.processes
    .filter((process) => process.node === node)
    .flatMap((process) => [
      { name: process.name, file: process.log },
      ...(process.kong === undefined
        ? []
        : ['error.log', 'access.log'].map((name) => ({
            name,
            file: join(process.kong?.prefix ?? '', 'logs', name),
          }))),
    ])
}
