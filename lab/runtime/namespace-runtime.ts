import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { spawnInNamespace } from '#netns/command.ts'
import { messageOf } from '#lab/run/fault.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import { buildNetwork } from './build-network.ts'
import type { Runtime, RuntimeCommand, RuntimeProcess } from './runtime.ts'
import { signalGroup } from './signal-group.ts'

export interface NamespaceRuntimeOptions {
  /** Whether `ip netns` shows them; needs a /run of the lab's own. Default: true. */
  readonly named?: boolean
}

/** Nodes as processes of this machine, each in a network namespace by name. */
export function openNamespaceRuntime(
  plan: LabPlan,
  { named = true }: NamespaceRuntimeOptions = {},
): Runtime {
  const network = buildNetwork(plan, { named })
  return {
    backend: 'namespaces',
    network,
    start: ({ namespace, argv, log }, environment) => {
      const output = openSync(log, 'a')
      try {
        return watch(
          spawnInNamespace(network.namespace(namespace), argv, {
            // A group of its own, so that what it starts can be stopped with it.
            detached: true,
            env: environment,
            stdio: ['ignore', output, output],
          }),
        )
      } finally {
        closeSync(output)
      }
    },
    run: (namespace, argv, environment) =>
      pipe(
        spawnInNamespace(network.namespace(namespace), argv, {
          detached: true,
          env: environment,
          stdio: ['pipe', 'pipe', 'pipe'],
        }),
      ),
    [Symbol.asyncDispose]: async () => {
      network[Symbol.dispose]()
    },
  }
}

function watch(child: ChildProcess): RuntimeProcess {
  return {
    pid: child.pid,
    ended: tellEnd(child),
    signal: (signal) => {
      signalGroup(child.pid, signal)
    },
  }
}

async function tellEnd(child: ChildProcess): Promise<string> {
  try {
    const [code, signal]: (number | string | null)[] = await once(child, 'exit')
    return typeof signal === 'string' ? signal : `exit code ${code}`
  } catch (error) {
    return `cannot be started: ${messageOf(error)}`
  }
}

function pipe(child: ChildProcess): RuntimeCommand {
  const { stdin, stdout, stderr } = child
  if (stdin === null || stdout === null || stderr === null) throw new Error('stdio is piped')
  return {
    stdin,
    stdout,
    stderr,
    exit: once(child, 'exit').then(([code]: (number | null)[]) => code ?? null),
    kill: () => {
      signalGroup(child.pid, 'SIGKILL')
      // What has left the group may hold the pipes open.
      stdout.destroy()
      stderr.destroy()
    },
  }
}
