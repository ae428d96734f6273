import { messageReply } from '#core/kong/plugins/json-reply.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'
import type { Changes } from '#core/kong/plugins/transformation/change.ts'
import { changeArguments } from '#core/kong/plugins/transformation/change-arguments.ts'
import { changeJson } from '#core/kong/plugins/transformation/change-json.ts'
import { changeMultipart } from '#core/kong/plugins/transformation/change-multipart.ts'
import { BodyTooLargeError, type HttpExchange } from '#core/model/http-filter.ts'

const maxBytes = 8 * 1024 * 1024

/**
 * Replaces the body by a changed one if it is JSON or a form. One that announces more than 8 MiB is passed on as it is;
 * one that turns out to be longer is refused.
 */
export async function changeBody(
  exchange: HttpExchange,
  changes: Changes,
  host: Pick<PluginHost, 'log'>,
): Promise<void> {
  const { request } = exchange
  const contentType = request.headers.get('Content-Type')
  const kind = kindOf(contentType)
  if (kind === undefined) return
  if (request.contentLength !== undefined && request.contentLength > maxBytes) {
    host.log(
      'warn',
      `[request-transformer] a body of ${request.contentLength} bytes is not changed`,
    )
    return
  }
  const body = await read(exchange)
  if (body === undefined) return
  const changed = changedBody(kind, body, { contentType: contentType ?? '', changes })
  if (changed !== undefined) request.replaceBody(Buffer.from(changed))
}

/** Appends the arguments of a form to the query; undefined = the body is no form. */
export function moveFormToQuery(exchange: HttpExchange): Promise<void> | undefined {
  const { request } = exchange
  if (kindOf(request.headers.get('Content-Type')) !== 'form') return undefined
  return (async () => {
    const body = (await read(exchange)) ?? Buffer.alloc(0)
    // In a request line, most characters would mean something else.
    const text = body.toString('latin1').replace(/[^!-~]|#/g, escape)
    if (text !== '') request.query += (request.query === '' ? '?' : '&') + text
  })()
}

function escape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

type BodyKind = 'json' | 'multipart' | 'form'

function kindOf(contentType: string | undefined): BodyKind | undefined {
  const type = contentType?.toLowerCase() ?? ''
  if (type.includes('application/json')) return 'json'
  if (type.includes('multipart/form-data')) return 'multipart'
  return type.includes('application/x-www-form-urlencoded') ? 'form' : undefined
}

async function read(exchange: HttpExchange): Promise<Buffer | undefined> {
  try {
    return await exchange.request.readBody({ maxBytes })
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error
    exchange.answer(messageReply(413, 'Request body is too large to be transformed'))
    return undefined
  }
}

function changedBody(
  kind: BodyKind,
  body: Buffer,
  { contentType, changes }: { readonly contentType: string; readonly changes: Changes },
): Uint8Array | string | undefined {
  switch (kind) {
    case 'json':
      return changeJson(body.toString('utf8'), changes)
    case 'form':
      return changeArguments(body.toString('utf8'), changes)
    case 'multipart':
      return changeMultipart(body, contentType, changes)
  }
}
