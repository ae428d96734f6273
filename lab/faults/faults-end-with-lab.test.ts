import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fingerprint } from '#netns/fingerprint.ts'
import { askFor } from '#lab/client/ask-lab.ts'
import { socketFile } from '#lab/holder/socket-file.ts'
import { projectRoot } from '#lab/run/home.ts'
import { findChild } from '#lab/run/process-identity.ts'
import { processIds } from '#lab/run/process-ids.ts'
import { processesWorkingIn } from '#lab/run/processes-working-in.ts'
import { readRunState } from '#lab/run/run-folder.ts'
import { runToEnd } from '#lab/run/run-to-end.ts'
import { samplePair } from '#lab/topology/sample-pair.ts'
import type { ProcessSpec, Topology } from '#lab/topology/topology.ts'
import type { FaultSpec } from './fault-spec.ts'

const timeoutMs = 180_000
const name = 'broken'
const meshyard = join(projectRoot, 'lab/bin/meshyard')

const server: ProcessSpec = {
  kind: 'ncat',
  name: 'tcp',
  address: '10.0.0.2',
  port: 7,
  tls: false,
  answer: 'hello',
}
/** Its lab comes up for as long as anybody waits. */
const neverReady: ProcessSpec = {
  kind: 'command',
  name: 'idle',
  argv: ['sleep', 'infinity'],
  environment: {},
  listens: [{ address: '10.0.0.1', port: 9_999 }],
}

/** Rules, a queue and its thread, a packet socket, a bucket, an end that is down, a clock, and processes that are held up. */
const faults: readonly FaultSpec[] = [
  { kind: 'clock', node: 'server', offset: '+1y' },
  { kind: 'delay', link: 'wire', ms: 50, jitterMs: 10 },
  { kind: 'duplicate', link: 'wire', percent: 20 },
  { kind: 'rate', link: 'wire', mbit: 5 },
  { kind: 'partition', link: 'wire', from: 'client' },
  { kind: 'down', link: 'wire', from: 'server' },
  { kind: 'pause', node: 'server' },
]

let home: string
let folder: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'faults-end-'))
  folder = join(home, name)
})
afterEach(async () => {
  await runToEnd([meshyard, 'down', '--name', name], { environment: { MESHYARD_HOME: home } })
  rmSync(home, { recursive: true })
})

function up(topology: Topology): ChildProcess {
  const file = join(home, 'topology.json')
  writeFileSync(file, JSON.stringify(topology))
  return spawn(meshyard, ['up', file, '--name', name, '--backend', 'namespaces'], {
    env: { ...process.env, MESHYARD_HOME: home },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** The client runs it, which no fault restarts. */
function waitingFor(process: ProcessSpec, topology: Topology): Topology {
  const nodes = topology.nodes.map((node) =>
    node.name === 'client' ? { ...node, processes: [process] } : node,
  )
  return { ...topology, nodes }
}

async function breakAll(): Promise<void> {
  for (const spec of faults) {
    // oxlint-disable-next-line no-await-in-loop -- a lab makes one fault at a time
    await askFor('faults', folder, { command: 'fault', spec, measure: false })
  }
}

function kill({ pid }: { readonly pid?: number | undefined }): void {
  if (pid === undefined) throw new Error('there is no such process')
  process.kill(pid, 'SIGKILL')
}

const kinds = ['net', 'mnt', 'pid'] as const

/** The namespaces of processes. */
function namespacesOf(pids: readonly (number | string)[]): ReadonlySet<string> {
  return new Set(
    pids.flatMap((pid) =>
      kinds.flatMap((kind) => {
        try {
          return [readlinkSync(`/proc/${pid}/ns/${kind}`)]
        } catch {
          // It has ended meanwhile.
          return []
        }
      }),
    ),
  )
}

/** What faults have made in the kernel and in the holder, seen from outside of the lab. */
function watchTraces() {
  const pids = processesWorkingIn(folder)
  const namespaces = namespacesOf(pids).difference(namespacesOf(['self']))
  const state = readRunState(folder)
  const init = state === undefined ? undefined : findChild(state.wrapper.pid)
  const holder = init === undefined ? undefined : findChild(init.pid)
  if (holder === undefined) throw new Error('the lab has no holder')
  const tasks = pids.map((pid) => ({
    queues: read(`/proc/${pid}/net/netfilter/nfnetlink_queue`),
    packets: read(`/proc/${pid}/net/packet`).split('\n').slice(1).join('\n'),
    state: /^State:\s+(\w)/m.exec(read(`/proc/${pid}/status`))?.[1],
    clock: read(`/proc/${pid}/environ`).includes('FAKETIME=+1y'),
  }))
  return { pids, namespaces, holder, tasks }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

describe.each(['the holder', 'the command that brings it up'] as const)(
  'when %s is killed while everything is broken',
  (victim) => {
    it('nothing of the lab or of its faults is left', { timeout: timeoutMs }, async () => {
      const before = fingerprint()
      const isUp = victim === 'the holder'
      const pair = samplePair([server])
      const command = up(isUp ? pair : waitingFor(neverReady, pair))
      const ended = once(command, 'exit')
      if (isUp) expect(await ended).toEqual([0, null])
      else await expect.poll(() => existsSync(join(folder, socketFile))).toBe(true)
      await breakAll()

      // All of it is there to be left. A process that is told to stop does so when it gets its turn.
      await expect
        .poll(() => {
          const { tasks } = watchTraces()
          return [
            tasks.some(({ queues }) => queues.trim() !== ''),
            tasks.some(({ packets }) => packets.trim() !== ''),
            tasks.some(({ state }) => state === 'T'),
            tasks.some(({ clock }) => clock),
          ]
        })
        .toEqual([true, true, true, true])
      const { pids, namespaces, holder } = watchTraces()
      expect(namespaces.size).toBeGreaterThan(4)
      expect(pids).toContain(holder.pid)

      kill(isUp ? holder : command)
      await ended
      await expect.poll(() => processesWorkingIn(folder)).toEqual([])
      await expect.poll(() => [...namespacesOf(processIds()).intersection(namespaces)]).toEqual([])
      // With all its threads.
      await expect.poll(() => existsSync(`/proc/${holder.pid}/task`)).toBe(false)
      expect(fingerprint()).toEqual(before)
    })
  },
)
