import type { HttpListener } from '#core/model/listener.ts'
import type { LocalReply } from '#core/model/local-reply.ts'

/** A listener that answers every request as nginx answers plain HTTP on an HTTPS port, and then closes. */
export function refusePlainHttp(listener: HttpListener): HttpListener {
  const { replies } = listener.settings
  return {
    ...listener,
    identities: undefined,
    routes: [],
    filters: undefined,
    settings: {
      ...listener.settings,
      keepAliveTimeoutMs: 0,
      replies: (cause, accept) =>
        cause.kind === 'no-route' ? plainHttpOnHttpsPort : replies(cause, accept),
    },
  }
}

const text = 'The plain HTTP request was sent to HTTPS port'

const plainHttpOnHttpsPort: LocalReply = {
  status: 400,
  reason: 'Bad Request',
  headers: [['Content-Type', 'text/html']],
  body: `<html>
<head><title>400 ${text}</title></head>
<body>
<center><h1>400 Bad Request</h1></center>
<center>${text}</center>
</body>
</html>
`,
}
