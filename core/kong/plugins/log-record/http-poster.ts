import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { once } from 'node:events'

// An `import` of its values reads all of them, one of which loads the whole of `fetch`: 35 ms of every start.
const http = process.getBuiltinModule('node:http')

export interface HttpPosterOptions {
  readonly method: string
  readonly contentType: string
  /** For one request with its answer. */
  readonly timeoutMs: number
  /** How long an idle connection is kept; 0 = for ever. */
  readonly keepAliveMs: number
}

/** Sends bodies to one URL over a connection that is kept. Certificates are not checked, as in Kong 1.1. */
export class HttpPoster {
  readonly #url: URL
  readonly #options: HttpPosterOptions
  #agent: Agent | undefined

  constructor(url: string, options: HttpPosterOptions) {
    this.#url = new URL(url)
    this.#options = options
  }

  /** Rejects, naming the destination, when there is no answer or one of 400 or above. */
  async post(body: string, signal: AbortSignal): Promise<void> {
    const { host } = this.#url
    const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeoutMs)])
    let status: number | undefined
    try {
      status = await this.#exchange(body, limit)
    } catch (error) {
      const reason = limit.aborted ? limit.reason : error
      throw new Error(`failed request to ${host}: ${reasonOf(reason)}`, { cause: error })
    }
    if (status === undefined || status >= 400) {
      throw new Error(`request to ${host} returned status code ${status}`)
    }
  }

  release(): void {
    this.#agent?.destroy()
    this.#agent = undefined
  }

  async #exchange(body: string, signal: AbortSignal): Promise<number | undefined> {
    const first = this.#send(body)
    try {
      return await statusOf(first, signal)
    } catch (error) {
      // The server closed the idle connection just when it was used again.
      if (signal.aborted || !first.reusedSocket || codeOf(error) !== 'ECONNRESET') throw error
      return statusOf(this.#send(body), signal)
    }
  }

  #send(body: string): ClientRequest {
    const { method, contentType, keepAliveMs } = this.#options
    const tls = this.#url.protocol === 'https:'
    const settings = { keepAlive: true, maxSockets: 1, timeout: keepAliveMs }
    this.#agent ??= tls
      ? new TlsAgent({ ...settings, rejectUnauthorized: false })
      : new http.Agent(settings)
    const headers = { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) }
    const options = { agent: this.#agent, method, headers }
    return (tls ? tlsRequest : http.request)(this.#url, options).end(body)
  }
}

/** Resolves when the whole answer has come. */
async function statusOf(request: ClientRequest, signal: AbortSignal): Promise<number | undefined> {
  // Both can fail once more when nobody listens any longer.
  request.on('error', ignore)
  try {
    const [response]: IncomingMessage[] = await once(request, 'response', { signal })
    response?.on('error', ignore).resume()
    if (response !== undefined) await once(response, 'end', { signal })
    return response?.statusCode
  } catch (error) {
    request.destroy()
    throw error
  }
}

function ignore(): void {}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'timeout'
  if (codeOf(error) === 'ECONNREFUSED') return 'connection refused'
  return error.message
}
