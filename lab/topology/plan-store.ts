import { join } from 'node:path'
import type { ProcessPlan } from './plan-process.ts'
import type { Topology } from './topology.ts'

/** Where the nodes of a lab find PostgreSQL. */
export interface StorePlan {
  readonly node: string
  readonly namespace: string
  readonly address: string
  readonly port: number
}

const port = 5432

/**
 * The store of proxies that need one, at the first address by which its node is known: beside the Admin API, or beside the
 * first Kong where nobody is told anything. None where there is no Kong.
 */
export function planStore({ kong, nodes }: Topology): StorePlan | undefined {
  const node =
    nodes.find(({ name }) => name === kong?.admin.node) ??
    nodes.find(({ processes }) => processes.some((process) => process.kind === 'kong'))
  if (node === undefined) return undefined
  const address = node.addresses[0] ?? kong?.admin.address ?? '127.0.0.1'
  return { node: node.name, namespace: node.namespace, address, port }
}

/** It trusts whoever reaches it, and keeps nothing. */
export function storeProcess({ node, namespace, address }: StorePlan, root: string): ProcessPlan {
  const script = join(root, 'lab/services/postgres.sh')
  return {
    node,
    name: 'postgres',
    namespace,
    argv: ['sh', script, '/run/meshyard-postgres', address, String(port)],
    environment: {},
    listens: [{ address, port }],
    log: join('logs', `${node}.postgres.log`),
    kong: undefined,
    early: true,
  }
}

/** Settings of a Kong that finds its entities there. */
export function storeEnvironment({ address }: StorePlan): Readonly<Record<string, string>> {
  return {
    KONG_DATABASE: 'postgres',
    KONG_PG_HOST: address,
    KONG_PG_PORT: String(port),
    KONG_PG_USER: 'kong',
    KONG_PG_DATABASE: 'postgres',
    // How soon it asks for what others have changed.
    KONG_DB_UPDATE_FREQUENCY: '1',
  }
}
