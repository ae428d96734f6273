import { join } from 'node:path'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { SystemCallError } from '#netns/native.ts'
import { refuseConnections } from '#netns/shaping/refuse-connections.ts'
import { connectionsIn, resetConnections } from '#netns/shaping/reset-connections.ts'
import type { ProcessPlan } from '#lab/topology/plan-process.ts'
import type { AppliedFault } from './applied-fault.ts'
import type { NodeControl } from './node-control.ts'

const postgresPort = 5_432

/**
 * Takes the store from all Kong nodes of a lab. A PostgreSQL server refuses them, and connections that are there are reset,
 * as if it had ended; the server itself is not touched. A SQLite file cannot be taken from who has it open, who would go on
 * reading and writing one that is moved away: it is locked against every change, and reading it goes on.
 */
export async function takeStoreDown({ plan, runtime }: NodeControl): Promise<AppliedFault> {
  using taken = new DisposableStack()
  const nodes = plan.processes.filter(({ kong }) => kong !== undefined)
  const postgres = nodes.filter(({ environment }) => environment['KONG_DATABASE'] === 'postgres')
  const ways = new Map(
    postgres.map((process) => [`${process.namespace} ${portOf(process)}`, process]),
  )
  for (const process of ways.values()) {
    const namespace = runtime.network.namespace(process.namespace)
    const port = portOf(process)
    taken.use(refuseConnections(namespace, port))
    endConnections(namespace, port)
  }
  const files = new Set(
    nodes
      .filter(({ environment }) => (environment['KONG_DATABASE'] ?? 'sqlite') === 'sqlite')
      .map(
        ({ environment }) => environment['KONG_SQLITE_FILE'] ?? join(plan.folder, 'kong.sqlite'),
      ),
  )
  for (const file of files) taken.use(await lock(file))
  if (ways.size + files.size === 0) {
    throw new LabError(
      `No Kong node of the lab ${plan.name} has a store; all are without database.`,
    )
  }
  const owned = taken.move()
  return {
    by: ways.size > 0 ? 'rules' : 'lock',
    note: ways.size > 0 ? 'PostgreSQL refuses connections' : 'the SQLite file takes no changes',
    heal: async () => {
      owned.dispose()
    },
  }
}

/** Where the kernel cannot, they end with the next thing they say. */
function endConnections(namespace: NetworkNamespace, port: number): void {
  const doomed = connectionsIn(namespace).filter(({ remote }) => remote.port === port)
  try {
    resetConnections(namespace, doomed)
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== 'EOPNOTSUPP') throw error
  }
}

function portOf({ environment }: ProcessPlan): number {
  return Number(environment['KONG_PG_PORT'] ?? postgresPort)
}

/** A write transaction that changes nothing and does not end. */
async function lock(file: string): Promise<Disposable> {
  const { DatabaseSync } = await import('node:sqlite')
  try {
    const database = new DatabaseSync(file, { timeout: 2_000 })
    try {
      database.exec('BEGIN IMMEDIATE')
    } catch (error) {
      database.close()
      throw error
    }
    return {
      [Symbol.dispose]: () => {
        database.exec('ROLLBACK')
        database.close()
      },
    }
  } catch (error) {
    throw new LabError(`Cannot lock the store ${file}: ${messageOf(error)}`)
  }
}
