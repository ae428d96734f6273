import { messageOf } from '#core/base/errors.ts'
import { formatAddress, type SocketAddress } from '#core/model/address.ts'
import { askServer } from './ask-server.ts'
import type { DnsRecord, Question } from './dns-message.ts'

export interface Answer {
  /** The whole answer section, aliases included. */
  readonly records: readonly DnsRecord[]
  /** False = there is no such name, whatever the type. */
  readonly exists: boolean
}

export interface ServersToAsk {
  readonly servers: readonly SocketAddress[]
  readonly timeoutMs: number
  /** Rounds through servers that do not answer. */
  readonly attempts: number
  readonly signal: AbortSignal
}

/** No server gave an answer. `silent`: at least one did not even refuse, so asking for another type is vain. */
export class AskError extends Error {
  readonly silent: boolean

  constructor(silent: boolean, message: string) {
    super(message)
    this.name = 'AskError'
    this.silent = silent
  }
}

/**
 * Asks one server after the other until one gives an answer.
 * @throws AskError
 */
export async function askServers(
  question: Question,
  { servers, attempts, timeoutMs, signal }: ServersToAsk,
): Promise<Answer> {
  const faults = new Map<string, string>()
  let silent: readonly SocketAddress[] = servers
  for (let round = 0; round < attempts && silent.length > 0; round++) {
    const asked = silent
    silent = []
    for (const server of asked) {
      if (signal.aborted) throw new AskError(true, 'it is no longer wanted')
      try {
        // oxlint-disable-next-line no-await-in-loop -- the next server is only asked when this one has failed
        const { code, answers } = await askServer(server, question, { timeoutMs, signal })
        if (code === 0 || code === 3) return { records: answers, exists: code === 0 }
        faults.set(formatAddress(server), `answered with code ${code}`)
      } catch (error) {
        silent = [...silent, server]
        faults.set(formatAddress(server), messageOf(error))
      }
    }
  }
  const reasons = Array.from(faults, ([server, fault]) => `${server}: ${fault}`).join('; ')
  throw new AskError(silent.length > 0, reasons)
}
