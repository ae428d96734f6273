import { closeSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { LabReply, LabResult } from '#lab/holder/messages.ts'
import { sendDescriptor } from '#netns/pass-descriptor.ts'
import { descriptorOf } from './socket-descriptor.ts'

/** Answers a request for a socket with the socket itself, which is no longer ours then. */
export function handOverSocket(
  to: Socket,
  result: Extract<LabResult, { readonly kind: 'socket' }>,
): void {
  try {
    const reply: LabReply = { kind: 'result', result }
    sendDescriptor(descriptorOf(to), Buffer.from(`${JSON.stringify(reply)}\n`), result.fd)
  } finally {
    closeSync(result.fd)
  }
}
