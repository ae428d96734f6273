import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

/** A proxy under measurement, on a CPU of its own. */
export interface Subject {
  readonly port: number
  /** CPU time of all its processes and threads so far, in ns. */
  readonly cpuNs: () => number
}

/** Starts a command on one CPU; it prints the port it listens on. */
export async function startSubject(
  stack: AsyncDisposableStack,
  cpu: number,
  command: readonly string[],
): Promise<Subject> {
  const child = spawn('taskset', ['-c', String(cpu), ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  stack.defer(() => stop(child))
  for await (const line of createInterface(child.stdout)) {
    return { port: Number(line), cpuNs: () => cpuNs(child.pid!) }
  }
  throw new Error(`"${command.join(' ')}" ended before it listened`)
}

/** Starts nginx with one worker on one CPU; the configuration makes it listen on `port`. */
export async function startNginx(
  stack: AsyncDisposableStack,
  cpu: number,
  nginx: { readonly file: string; readonly folder: string; readonly port: number },
): Promise<Subject> {
  const { file, folder, port } = nginx
  const child = spawn('taskset', ['-c', String(cpu), 'nginx', '-c', file, '-p', folder], {
    stdio: 'inherit',
  })
  stack.defer(() => stop(child))
  await accepting(port, 5000)
  return { port, cpuNs: () => cpuNs(child.pid!) }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

/** Of a process and its children. */
function cpuNs(pid: number): number {
  let total = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
  }
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  return children === '' ? total : total + children.split(' ').map(Number).map(cpuNs).reduce(sum)
}

function sum(a: number, b: number): number {
  return a + b
}

async function accepting(port: number, withinMs: number): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1' })
    try {
      // oxlint-disable-next-line no-await-in-loop -- asks again until it is there
      await once(socket, 'connect')
      return
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => setTimeout(resolve, 10))
    } finally {
      socket.destroy()
    }
  }
}
