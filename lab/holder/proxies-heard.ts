import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { connectTcp } from '#netns/sockets.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { makeHearingProbe, plainListener } from '#lab/state/hearing-probe.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import type { ProcessPlan } from '#lab/topology/plan-process.ts'
import type { Endpoint } from '#lab/topology/topology.ts'
import type { AdminConnection } from './ask-admin.ts'

// As in `ask-admin.ts`: an `import` of its values would load the whole of `fetch`.
const http = process.getBuiltinModule('node:http')

export interface HeardOptions {
  readonly plan: LabPlan
  readonly namespace: (name: string) => NetworkNamespace
  readonly admin: AdminConnection
  readonly withinMs: number
}

/** Proxies whose logs do not tell what they go by. */
export function silentProxies({ processes }: LabPlan): readonly ProcessPlan[] {
  return processes.filter(({ kong }) => kong?.silent === true && kong.proxies)
}

/**
 * Waits until proxies whose logs do not tell go by all that the Admin API was told so far: asked at their own door, from
 * their own network, they know a route that was told last. Names those that did not in time, and those that take no plain
 * HTTP, of which nobody can know.
 * @throws LabError when the Admin API refuses that route.
 */
export async function proxiesHeard(options: HeardOptions): Promise<readonly string[]> {
  const { plan, namespace, admin, withinMs } = options
  const proxies = silentProxies(plan)
  if (proxies.length === 0) return []
  const probe = makeHearingProbe()
  const made = await admin.ask({ method: 'POST', path: '/services', body: probe.service })
  const service = `/services/${idOf(made)}`
  const routed = await admin.ask({ method: 'POST', path: `${service}/routes`, body: probe.route })
  try {
    const deadline = performance.now() + withinMs
    const heard = await Promise.all(
      proxies.map(async ({ namespace: name, environment }) => {
        const listen = environment['KONG_PROXY_LISTEN']
        const door = plainListener(listen === undefined ? {} : { proxy_listen: listen })
        if (door === undefined) return false
        for (;;) {
          const status = await askStatus(namespace(name), door, probe.host)
          if (status !== undefined && probe.isHeard(status)) return true
          if (performance.now() > deadline) return false
          await delay(lookEveryMs)
        }
      }),
    )
    return proxies.filter((_, index) => heard[index] !== true).map(({ node }) => node)
  } finally {
    await admin.ask({ method: 'DELETE', path: `/routes/${idOf(routed)}` })
    await admin.ask({ method: 'DELETE', path: service })
  }
}

const lookEveryMs = 50

/** Undefined: it did not answer. */
async function askStatus(
  namespace: NetworkNamespace,
  door: Endpoint,
  host: string,
): Promise<number | undefined> {
  try {
    const sent = http.request({
      createConnection: () => connectTcp(namespace, door),
      path: '/',
      headers: { host, connection: 'close' },
      signal: AbortSignal.timeout(5_000),
    })
    sent.end()
    const [response]: IncomingMessage[] = await once(sent, 'response')
    response?.resume()
    return response?.statusCode
  } catch {
    return undefined
  }
}

function idOf(answer: string): string {
  const { id }: { readonly id?: unknown } = JSON.parse(answer)
  return String(id)
}
