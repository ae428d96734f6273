import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { LabError } from './lab-error.ts'
import { errorCode } from './fault.ts'

/** Only one command at a time changes the lab of a run folder. */
export type Turn = AsyncDisposable

const patienceMs = 60_000

/**
 * Waits until no other process changes the lab of this run folder. The turn is a socket in the kernel's abstract
 * namespace: it leaves no file, and a holder that is killed gives it back.
 * @throws LabError when another command keeps it for a minute.
 */
export async function takeTurn(folder: string, signal?: AbortSignal): Promise<Turn> {
  const address = await addressOf(folder)
  const deadline = AbortSignal.timeout(patienceMs)
  const stop = signal === undefined ? deadline : AbortSignal.any([signal, deadline])
  for (;;) {
    signal?.throwIfAborted()
    if (deadline.aborted) {
      throw new LabError(`Another command has been changing the lab in ${folder} for a minute.`)
    }
    const turn = await listen(address)
    if (turn !== undefined) return turn
    await untilReleased(address, stop)
  }
}

/** Named after the folder itself where there is room: to load what makes names short takes longer than all else here. */
async function addressOf(folder: string): Promise<string> {
  const address = `\0meshyard-${folder}`
  if (Buffer.byteLength(address) <= longestAddress) return address
  const { createHash } = await import('node:crypto')
  return `\0meshyard-${createHash('sha256').update(folder).digest('hex')}`
}

/** Of a socket, in bytes. */
const longestAddress = 107

async function listen(address: string): Promise<Turn | undefined> {
  const waiting = new Set<Socket>()
  const server = createServer((socket) => {
    waiting.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => waiting.delete(socket))
    socket.resume()
  })
  server.listen(address)
  try {
    await once(server, 'listening')
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return undefined
    throw error
  }
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of waiting) socket.destroy()
      await closed
    },
  }
}

/** The holder never speaks: the connection ends when the holder does, or was refused because it just has. */
async function untilReleased(address: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const socket = connect({ path: address })
  const closed = Promise.withResolvers<undefined>()
  const giveUp = (): void => {
    socket.destroy()
  }
  socket.on('error', () => {})
  socket.on('close', () => closed.resolve(undefined))
  socket.resume()
  signal.addEventListener('abort', giveUp)
  await closed.promise
  signal.removeEventListener('abort', giveUp)
}
