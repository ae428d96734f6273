import { once } from 'node:events'
import type { Agent, IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { connectTcp } from '#netns/sockets.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { Endpoint } from '#lab/topology/topology.ts'

// An `import` of its values reads all of them, one of which loads the whole of `fetch`: 35 ms of every start.
const http = process.getBuiltinModule('node:http')

const withinMs = 30_000

export interface AdminRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>> | undefined
}

/** Requests that share a connection, or a few, on each of which they follow one another; closed when disposed of. */
export class AdminConnection implements Disposable {
  readonly #agent: Agent
  readonly #admin: Endpoint

  /** @param options.connections how many. Default: one. */
  constructor(
    namespace: NetworkNamespace,
    admin: Endpoint,
    { connections = 1 }: { readonly connections?: number } = {},
  ) {
    this.#admin = admin
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: connections })
    this.#agent.createConnection = () => connectTcp(namespace, admin)
  }

  /**
   * Asks the Admin API, which listens already, and returns the text of its answer.
   * @throws LabError with Kong's answer when the request is refused.
   */
  async ask({ method, path, body }: AdminRequest): Promise<string> {
    const { address, port } = this.#admin
    const payload = body === undefined ? '' : JSON.stringify(body)
    const sent = http.request({
      agent: this.#agent,
      host: address,
      port,
      method,
      path,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        'content-length': Buffer.byteLength(payload),
      },
      signal: AbortSignal.timeout(withinMs),
    })
    const what = `${method} ${path} on the Admin API at ${address} port ${port}`
    try {
      sent.end(payload)
      const [response]: IncomingMessage[] = await once(sent, 'response')
      if (response === undefined) throw new Error('no response')
      const answer = await text(response)
      const { statusCode = 0 } = response
      if (statusCode >= 200 && statusCode <= 299) return answer
      throw new LabError(`${what} was answered with ${statusCode}: ${answer}`)
    } catch (error) {
      if (error instanceof LabError) throw error
      throw new LabError(`${what} failed: ${messageOf(error)}`)
    }
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}
