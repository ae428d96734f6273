import type { IncomingMessage, ServerResponse } from 'node:http'
import { announcesTooMuch, readBody, tooLarge } from './body.ts'
import type { Endpoint, Handler, RestBody, RestReply } from './exchange.ts'
import { RestFault } from './exchange.ts'
import { parseRequestTarget } from './request-target.ts'
import type { Router } from './router.ts'

export interface AnswerOptions {
  /** undefined: there are no endpoints, which has been reported, and everything is answered 500. */
  readonly router: Router | undefined
  readonly maxBodyBytes: number
  /** Hears of faults that are not the client's. */
  readonly report: (error: unknown) => void
}

/** Answers one request; never rejects. undefined: the client has gone away. */
export async function answer(
  message: IncomingMessage,
  response: ServerResponse,
  options: AnswerOptions,
): Promise<RestReply | undefined> {
  try {
    return await dispatch(message, response, options)
  } catch (error) {
    if (error instanceof RestFault) return error.reply
    if (message.destroyed && !message.complete) return undefined
    options.report(error)
    return unexpected
  }
}

const unexpected: RestReply = { status: 500, body: { message: 'An unexpected error occurred' } }

async function dispatch(
  message: IncomingMessage,
  response: ServerResponse,
  { router, maxBodyBytes }: AnswerOptions,
): Promise<RestReply> {
  if (router === undefined) return unexpected
  const target = parseRequestTarget(message.url ?? '/')
  if (target === undefined) throw new RestFault(400, { message: 'Bad request' })
  const found = router.find(target.segments)
  if (found === undefined) throw new RestFault(404, { message: 'Not found' })
  const { endpoint, parameters } = found
  const method = message.method ?? ''
  if (method === 'OPTIONS') return { status: 204, headers: corsHeaders }
  const handler = handlerFor(endpoint, method)
  if (handler === undefined) {
    throw new RestFault(405, { message: 'Method not allowed' })
  }
  const body = takesBody.has(method)
    ? await receiveBody(message, response, maxBodyBytes)
    : ({ kind: 'none' } as const)
  return handler({ parameters, query: target.query, body })
}

const corsHeaders = {
  'access-control-allow-methods': 'GET, HEAD, PUT, PATCH, POST, DELETE',
  'access-control-allow-headers': 'Content-Type',
}

const takesBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

const handled = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

function handlerFor({ handlers }: Endpoint, method: string): Handler | undefined {
  const name = handled.find((each) => each === (method === 'HEAD' ? 'GET' : method))
  return name === undefined ? undefined : handlers[name]
}

function receiveBody(
  message: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
): Promise<RestBody> {
  if (announcesTooMuch(message, { maxBytes })) throw tooLarge()
  if (message.headers.expect !== undefined) {
    response.removeHeader('Connection')
    response.writeContinue()
  }
  return readBody(message, { maxBytes })
}
