import { readdir, readlink } from 'node:fs/promises'
import { SystemCallError } from '#netns/native.ts'
import type { ListedSocket } from '#netns/netlink/sock-diag.ts'
import { connectionsIn, resetConnections } from '#netns/shaping/reset-connections.ts'
import { breakConnections } from '#netns/shaping/refuse-connections.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { processGroupOf } from '#lab/run/process-identity.ts'
import { processIds } from '#lab/run/process-ids.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { until } from '#lab/run/until.ts'
import type { AppliedFault } from './applied-fault.ts'
import type { NodeFaultSpec } from './fault-spec.ts'
import type { NodeControl } from './node-control.ts'

/** How long a rule waits for connections to say something: they are reset when they do. */
const ruleWithinMs = 2_000

/** Resets the TCP connections of a node: in the kernel, or by a rule where the kernel cannot or `by` says so. */
export async function resetNode(
  node: string,
  lab: NodeControl,
  { by }: Pick<Extract<NodeFaultSpec, { kind: 'reset' }>, 'by'> = {},
): Promise<AppliedFault> {
  const name = lab.plan.nodes.find((each) => each.name === node)?.namespace ?? node
  const namespace = lab.runtime.network.namespace(name)
  const shared = lab.plan.nodes.filter((each) => each.namespace === name).length > 1
  const inodes = shared ? await inodesOf(node, lab) : undefined
  // Else it would end the other half of what it passes on in good order, before that is reset, too.
  using held = new DisposableStack()
  held.use(holdUp(node, lab))
  const all = connectionsIn(namespace)
  const mine = all.filter(({ inode }) => inodes?.has(inode) ?? true)
  try {
    if (by !== 'rules') return told('socket destruction', resetConnections(namespace, mine).length)
  } catch (error) {
    const isUnable = error instanceof SystemCallError && error.code === 'EOPNOTSUPP'
    if (!isUnable) throw error
    if (by === 'kernel') throw new LabError(withoutDestruction)
  }
  // They are reset when they say something.
  held.dispose()
  return told('rules', await resetByRules(namespace, mine))
}

const withoutDestruction =
  'This kernel cannot destroy sockets (it was built without INET_DIAG_DESTROY): reset connections by rules.'

function holdUp(node: string, lab: NodeControl): Disposable {
  const running = lab.processesOf(node).filter((process) => process.alive && !process.paused)
  for (const process of running) process.signal('SIGSTOP')
  return {
    [Symbol.dispose]: () => {
      for (const process of running) process.signal('SIGCONT')
    },
  }
}

async function resetByRules(
  namespace: NetworkNamespace,
  connections: readonly ListedSocket[],
): Promise<number> {
  using _rules = breakConnections(namespace, connections)
  const left = (): number => {
    const there = new Set(connectionsIn(namespace).map(key))
    return connections.filter((each) => there.has(key(each))).length
  }
  await until(() => left() === 0, { withinMs: ruleWithinMs })
  return connections.length - left()
}

function key({ local, remote }: ListedSocket): string {
  return [local.address, local.port, remote.address, remote.port].join(' ')
}

function told(by: string, count: number): AppliedFault {
  return { by, note: `${count} ${count === 1 ? 'connection' : 'connections'} reset` }
}

/** The sockets of a node that shares its namespace: those that a process of its groups has open. */
async function inodesOf(node: string, lab: NodeControl): Promise<ReadonlySet<number>> {
  const groups = new Set(lab.processesOf(node).flatMap(({ pid }) => pid ?? []))
  const mine = processIds().filter((pid) => groups.has(processGroupOf(pid) ?? Number.NaN))
  return new Set((await Promise.all(mine.map(socketsOf))).flat())
}

/** Nothing of a process that has ended meanwhile. */
async function socketsOf(pid: number): Promise<readonly number[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const links = await Promise.all(
    descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
  )
  return links.flatMap((link) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
    return inode === undefined ? [] : [Number(inode)]
  })
}
