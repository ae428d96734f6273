import { openMemoryStore } from '#core/store/memory-store.ts'
import type { Store } from '#core/store/store.ts'
import { type AdminServerOptions, openAdminServer } from './admin-server.ts'

/** A running Admin API and a client of it, for tests. */
export interface AdminFixture extends AsyncDisposable {
  readonly origin: string
  readonly store: Store
  /** Faults that were not the client's. */
  readonly faults: readonly unknown[]
  /** Sends a form when `body` is a text, JSON when it is anything else. */
  send(method: string, path: string, body?: unknown): Promise<AdminAnswer>
}

export interface AdminAnswer {
  readonly status: number
  readonly headers: Headers
  /** undefined when there is none. */
  readonly body: Readonly<Record<string, unknown>> | undefined
}

export async function openAdminFixture(
  options: Partial<AdminServerOptions> = {},
): Promise<AdminFixture> {
  const faults: unknown[] = []
  const store = options.store ?? openMemoryStore()
  const server = await openAdminServer({
    listen: [{ ip: '127.0.0.1', port: 0, ssl: false }],
    store,
    identity: { certificate: '', privateKey: '' },
    nodeInfo: {
      nodeId: '0190c0de-0000-4000-8000-000000000000',
      hostname: 'host',
      configuration: { prefix: '/kong', pg_password: 'x' },
    },
    report: (error) => faults.push(error),
    ...options,
  })
  const origin = `http://127.0.0.1:${server.addresses[0]?.port}`
  return {
    origin,
    store,
    faults,
    send: async (method, path, body) => {
      const response = await fetch(`${origin}${path}`, { method, ...encodeBody(body) })
      const text = await response.text()
      const { status, headers } = response
      return { status, headers, body: text === '' ? undefined : JSON.parse(text) }
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      if (options.store === undefined) await store[Symbol.asyncDispose]()
    },
  }
}

function encodeBody(body: unknown): { body?: string; headers?: Record<string, string> } {
  if (body === undefined) return {}
  if (typeof body === 'string') {
    return { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  }
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
}
