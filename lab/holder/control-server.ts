import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describeFault } from '#lab/run/lab-error.ts'
import { execCommand } from './exec-command.ts'
import { readJsonLines, writeJsonLine } from './json-lines.ts'
import type { LabReply, LabRequest, LabResult } from './messages.ts'
import type { RunningLab } from './running-lab.ts'
import { socketFile } from './socket-file.ts'

/** Answers requests on the lab's socket for as long as the holder lives. The working directory is the run folder. */
export async function listenForRequests(lab: RunningLab): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    void answer(lab, socket)
  })
  // Whoever can connect can run commands as root; the socket is made within `listen`.
  const before = process.umask(0o177)
  server.listen(socketFile)
  process.umask(before)
  await once(server, 'listening')
}

async function answer(lab: RunningLab, socket: Socket): Promise<void> {
  const cancelled = new AbortController()
  const lines = readJsonLines<LabRequest>(socket)
  const reply = (line: LabReply): boolean => writeJsonLine(socket, line)
  try {
    const first = await lines.next()
    if (first.done === true) return
    socket.once('close', () => {
      cancelled.abort()
    })
    // Reading on is how a connection that was closed is noticed.
    void lines.next().then(() => {
      cancelled.abort()
      return undefined
    })
    const result = await carryOut(lab, first.value, cancelled.signal, async (stream, data) => {
      const roomLeft = reply({ kind: 'output', stream, data: data.toString('base64') })
      if (!roomLeft) await once(socket, 'drain', { signal: cancelled.signal })
    })
    if (result.kind === 'socket') await handOver(socket, result)
    else reply({ kind: 'result', result })
    if (first.value.command === 'down') {
      socket.once('close', () => process.exit(0))
      if (socket.destroyed) process.exit(0)
    }
  } catch (error) {
    reply({ kind: 'error', message: describeFault(error) })
  } finally {
    socket.end()
  }
}

/** Loaded by those who ask. */
async function handOver(
  socket: Socket,
  result: Extract<LabResult, { kind: 'socket' }>,
): Promise<void> {
  const { handOverSocket } = await import('#lab/inside/hand-over-socket.ts')
  handOverSocket(socket, result)
}

type OnOutput = Parameters<typeof execCommand>[1]['onOutput']

async function carryOut(
  lab: RunningLab,
  request: LabRequest,
  signal: AbortSignal,
  onOutput: OnOutput,
): Promise<LabResult> {
  switch (request.command) {
    case 'status':
      return { kind: 'status', status: lab.status() }
    case 'reset':
      return { kind: 'reset', report: await lab.reset() }
    case 'state':
      return { kind: 'state', state: await lab.state() }
    case 'exec':
      return execCommand(request, {
        runtime: lab.runtime,
        namespace: lab.namespaceOf(request.node),
        environment: lab.environment,
        onOutput,
        signal,
      })
    case 'start':
      await lab.startNode(request.node)
      return done
    case 'stop':
      await lab.stopNode(request.node, 'SIGTERM')
      return done
    case 'kill':
      await lab.stopNode(request.node, 'SIGKILL')
      return done
    case 'rules':
      await lab.changeRules(request.state)
      return done
    case 'fault':
      return { kind: 'faults', faults: [await (await lab.faults()).add(request.spec, request)] }
    case 'heal':
      return { kind: 'faults', faults: await (await lab.faults()).heal(request.id) }
    case 'faults':
      return { kind: 'faults', faults: (await lab.faults()).list() }
    case 'links':
      return { kind: 'links', links: await lab.links() }
    case 'socket':
    case 'packets': {
      // Loaded by those who ask.
      const { openPackets, openSocket } = await import('./lab-sockets.ts')
      const fd = request.command === 'socket' ? openSocket(lab, request) : openPackets(lab, request)
      return { kind: 'socket', fd }
    }
    case 'down':
    default:
      await lab.stopAll()
      await lab.runtime[Symbol.asyncDispose]()
      return done
  }
}

const done: LabResult = { kind: 'done' }
