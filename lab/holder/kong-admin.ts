import { once } from 'node:events'
import { request as sendRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { connectTcp } from '#netns/sockets.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { EntityRequest } from '#lab/topology/kong-entities.ts'
import type { EntitiesPlan } from '#lab/topology/plan.ts'
import { messageOf } from '#lab/run/fault.ts'

const withinMs = 10_000

/**
 * Creates the entities through the Admin API, which listens already. Services are independent of each other; the
 * requests of one service keep their order.
 * @throws LabError with Kong's answer when a request is refused.
 */
export async function createEntities(
  namespace: NetworkNamespace,
  plan: EntitiesPlan,
): Promise<void> {
  const byService = Map.groupBy(plan.requests, ({ path }) => path.split('/')[2])
  await Promise.all(
    [...byService.values()].map(async (requests) => {
      for (const request of requests) await send(namespace, plan, request)
    }),
  )
}

async function send(
  namespace: NetworkNamespace,
  { admin }: EntitiesPlan,
  { method, path, body }: EntityRequest,
): Promise<void> {
  const socket = connectTcp(namespace, admin)
  const payload = JSON.stringify(body)
  const sent = sendRequest({
    createConnection: () => socket,
    host: admin.address,
    port: admin.port,
    method,
    path,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
      connection: 'close',
    },
    signal: AbortSignal.timeout(withinMs),
  })
  const what = `${method} ${path} on the Admin API at ${admin.address} port ${admin.port}`
  try {
    sent.end(payload)
    const [response]: IncomingMessage[] = await once(sent, 'response')
    if (response === undefined) throw new Error('no response')
    const answer = await text(response)
    const { statusCode = 0 } = response
    if (statusCode < 200 || statusCode > 299) {
      throw new LabError(`${what} was answered with ${statusCode}: ${answer}`)
    }
  } catch (error) {
    if (error instanceof LabError) throw error
    throw new LabError(`${what} failed: ${messageOf(error)}`)
  }
}
