import type { ServerResponse } from 'node:http'
import type { RestReply } from './exchange.ts'

/** Sends a reply and returns how many bytes its body has; there is none where the method or status has none. */
export function sendReply(
  response: ServerResponse,
  { status, body, headers = {} }: RestReply,
  common: Readonly<Record<string, string>>,
): number {
  if (response.headersSent || response.destroyed) return 0
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body)
  const all: Record<string, string> = { ...common, ...headers }
  if (status !== 204) {
    all['content-type'] ??=
      typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
    all['content-length'] = String(Buffer.byteLength(text))
  }
  response.writeHead(status, titled(all))
  response.end(text)
  return response.req.method === 'HEAD' || status === 204 ? 0 : Buffer.byteLength(text)
}

/** Header names as people write them: `content-type` is sent as `Content-Type`. */
function titled(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase()),
      value,
    ]),
  )
}
