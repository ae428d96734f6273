import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readJsonLines, writeJsonLine } from '#lab/holder/json-lines.ts'
import type { Lab } from '#lab/lab.ts'
import { messageOf } from '#lab/run/fault.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { LabShelf } from './lab-shelf.ts'

/** What is told to whoever asks for a lab of a topology: its run folder, or why there is none. */
export type LenderLine =
  | { readonly kind: 'lent'; readonly folder: string }
  | { readonly kind: 'failed'; readonly message: string }

/** Lends labs to other processes, one after the other. Disposing of it takes all of them down. */
export interface LabLender extends AsyncDisposable {
  /** Path of the socket where it is asked, by a line with the topology; the end of the connection gives the lab back. */
  readonly socket: string
}

export async function openLabLender(): Promise<LabLender> {
  await using opening = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'meshyard-labs-'))
  opening.defer(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const shelf = opening.use(new LabShelf())
  const lent = new Set<Promise<void>>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    const lending = lend(socket, shelf)
    lent.add(lending)
    // What goes wrong is told in the end.
    lending.then(
      () => lent.delete(lending),
      () => {},
    )
  })
  opening.defer(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
    await Promise.all(lent)
  })
  const socket = join(folder, 'lender')
  server.listen(socket)
  await once(server, 'listening')
  const owned = opening.move()
  return { socket, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function lend(socket: Socket, shelf: LabShelf): Promise<void> {
  socket.on('error', () => {})
  const lines = readJsonLines<Topology>(socket)
  const { value: topology } = await lines.next()
  if (topology === undefined) return
  const tell = (line: LenderLine): boolean => writeJsonLine(socket, line)
  let lab: Lab
  try {
    lab = await shelf.take(topology)
  } catch (error) {
    tell({ kind: 'failed', message: messageOf(error) })
    socket.end()
    return
  }
  tell({ kind: 'lent', folder: lab.folder })
  await lines.next()
  socket.end()
  await shelf.giveBack(topology, lab)
}
