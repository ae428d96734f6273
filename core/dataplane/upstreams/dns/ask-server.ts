import { createSocket } from 'node:dgram'
import { randomInt } from 'node:crypto'
import { connect, isIPv6 } from 'node:net'
import type { SocketAddress } from '#core/model/address.ts'
import {
  parseResponse,
  recordTypes,
  renderQuestion,
  type DnsResponse,
  type Question,
} from './dns-message.ts'

export interface AskOptions {
  /** For each of UDP and TCP. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Asks one name server over UDP, and over TCP when its answer does not fit (RFC 7766, section 5).
 * @throws Error when it does not answer in time, cannot be reached or answers with garbage.
 */
export async function askServer(
  server: SocketAddress,
  question: Question,
  options: AskOptions,
): Promise<DnsResponse> {
  const response = await askOverUdp(server, question, options)
  return response.truncated ? askOverTcp(server, question, options) : response
}

/** Each question has a port and an id of its own, both unpredictable; what does not answer it is not listened to. */
function askOverUdp(
  server: SocketAddress,
  question: Question,
  options: AskOptions,
): Promise<DnsResponse> {
  const id = randomInt(0x1_00_00)
  const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4')
  return answered(
    options,
    () => socket.close(),
    (resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (message) => {
        try {
          const response = parseResponse(message)
          if (answers(response, id, question)) resolve(response)
        } catch (error) {
          // Garbage from a stranger must not end the wait; garbage under our id is the server's answer.
          if (message.length >= 2 && message.readUInt16BE(0) === id) reject(asError(error))
        }
      })
      // Without a route to the server there is an error here, and no port to send from.
      socket.connect(server.port, server.address, (failure?: Error) => {
        if (failure !== undefined && failure !== null) {
          reject(failure)
          return
        }
        socket.send(renderQuestion(id, question), (error) => {
          if (error !== null) reject(error)
        })
      })
    },
  )
}

function askOverTcp(
  server: SocketAddress,
  question: Question,
  options: AskOptions,
): Promise<DnsResponse> {
  const id = randomInt(0x1_00_00)
  const socket = connect({ host: server.address, port: server.port, noDelay: true })
  return answered(
    options,
    () => socket.destroy(),
    (resolve, reject) => {
      let received = Buffer.alloc(0)
      socket.on('error', reject)
      socket.on('end', () => reject(new Error('the connection ended before the answer')))
      socket.on('data', (bytes: Buffer) => {
        received = Buffer.concat([received, bytes])
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
        try {
          const response = parseResponse(received.subarray(2, 2 + received.readUInt16BE(0)))
          if (answers(response, id, question) && !response.truncated) resolve(response)
          else reject(new Error('the answer over TCP belongs to another question'))
        } catch (error) {
          reject(asError(error))
        }
      })
      const message = renderQuestion(id, question)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(message.length)
      socket.write(Buffer.concat([length, message]))
    },
  )
}

/** Settles by the first of answer, failure, time-out and abortion, then closes. */
async function answered(
  { timeoutMs, signal }: AskOptions,
  close: () => void,
  ask: (resolve: (response: DnsResponse) => void, reject: (reason: Error) => void) => void,
): Promise<DnsResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<DnsResponse>()
  const timer = setTimeout(() => reject(new Error('it did not answer in time')), timeoutMs)
  const onAbort = (): void => reject(new Error('it is no longer wanted'))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (signal.aborted) onAbort()
    ask(resolve, reject)
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    close()
  }
}

function answers(response: DnsResponse, id: number, question: Question): boolean {
  if (response.id !== id) return false
  // A server that failed need not repeat the question.
  if (response.question === undefined) return response.code !== 0 && response.code !== 3
  return (
    response.question.name === question.name &&
    response.question.type === recordTypes[question.type]
  )
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
