import type { HttpExchange } from '#core/model/http-filter.ts'

/** `scheme://host:port` that the client asked, as nginx's `$host` and `$server_port` say. */
export function requestUrl({ encrypted, request, connection }: HttpExchange): string {
  const host = hostOf(request.line, request.headers.get('Host'))
  return `${encrypted ? 'https' : 'http'}://${host}:${connection.destination.port}`
}

/** In lower case, without port; the request line counts before the header. */
function hostOf(line: string, header: string | undefined): string {
  const [, authority] = /^\S+ [a-z][a-z\d+.-]*:\/\/([^/?#\s]*)/i.exec(line) ?? []
  const host = (authority?.replace(/^.*@/, '') ?? header ?? '').replace(/:\d*$/, '').toLowerCase()
  return host === '' ? 'kong' : host
}
