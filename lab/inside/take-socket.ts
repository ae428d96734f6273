import { connectToLab } from '#lab/client/connect-to-lab.ts'
import { writeJsonLine } from '#lab/holder/json-lines.ts'
import type { LabReply, LabRequest } from '#lab/holder/messages.ts'
import { socketFile } from '#lab/holder/socket-file.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { receiveDescriptor } from '#netns/pass-descriptor.ts'
import { descriptorOf } from './socket-descriptor.ts'

export type SocketRequest = Extract<LabRequest, { readonly command: 'socket' | 'packets' }>

const withinMs = 20_000

/**
 * Gets a socket of a node's network from its lab and returns the descriptor, which the caller closes. Since the lab
 * makes it, this takes no privileges but those of asking the lab.
 * @throws LabError with the lab's own words, or when nobody answers.
 */
export async function takeSocket(folder: string, request: SocketRequest): Promise<number> {
  using lab = await connectPaused(folder)
  writeJsonLine(lab.socket, request)
  const { bytes, descriptor } = await receiveDescriptor(descriptorOf(lab.socket), { withinMs })
  if (descriptor !== undefined) return descriptor
  const text = Buffer.from(bytes).toString()
  if (text === '') throw new LabError(`The lab in ${folder} ended before it answered.`)
  const reply: LabReply = JSON.parse(text)
  throw new LabError(reply.kind === 'error' ? reply.message : `The lab answered with ${text}`)
}

/** Node must not read from it: what it reads loses the descriptors that come with it. */
async function connectPaused(folder: string) {
  const socket = await connectToLab(folder, socketFile, { paused: true })
  if (socket === undefined) throw new LabError(`No lab is running in ${folder}.`)
  socket.on('error', () => {})
  return { socket, [Symbol.dispose]: () => socket.destroy() }
}
