import { once } from 'node:events'
import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { text } from 'node:stream/consumers'

export interface Question {
  readonly address: string
  readonly port: number
  readonly method: string
  readonly path: string
  /** `Host`; default: address and port. */
  readonly host?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
  /** Present = TLS without verification. */
  readonly tls?: { readonly serverName?: string }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The text as JSON; an empty object when it is none, or no object. */
  readonly body: Readonly<Record<string, any>>
  /** Common name of the server's certificate. */
  readonly serverCertificate: string | undefined
}

/** Sends one request on a connection of its own. */
export async function ask(question: Question): Promise<Answer> {
  const { address, port, method, path, host, headers = {}, body, tls } = question
  const all = { ...headers, ...(host === undefined ? {} : { host }) }
  const options = { host: address, port, method, path, headers: all, agent: false } as const
  const sent =
    tls === undefined
      ? requestHttp(options)
      : requestHttps({ ...options, servername: tls.serverName ?? '', rejectUnauthorized: false })
  sent.end(body)
  const [response]: IncomingMessage[] = await once(sent, 'response')
  if (response === undefined) throw new Error('no response')
  const answer = await text(response)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: answer,
    body: parse(answer),
    serverCertificate: commonNameOf(response),
  }
}

function parse(answer: string): Readonly<Record<string, any>> {
  try {
    const value: unknown = JSON.parse(answer)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function commonNameOf({ socket }: IncomingMessage): string | undefined {
  if (!('getPeerX509Certificate' in socket)) return undefined
  const { getPeerX509Certificate } = socket as { getPeerX509Certificate: unknown }
  if (typeof getPeerX509Certificate !== 'function') return undefined
  const certificate: { readonly subject?: string } | undefined = getPeerX509Certificate.call(socket)
  return /^CN=(.+)$/m.exec(certificate?.subject ?? '')?.[1]
}
