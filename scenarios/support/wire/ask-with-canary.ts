import type { Canary } from '#lab/probes/canary.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import type { NodeAnswer } from '#scenarios/support/yard-node.ts'

/** Asks from Service A, with the secret in a header, and as the one by which access logs name clients. */
export function askWithCanary(yard: Yard, url: string, canary: Canary): Promise<NodeAnswer> {
  return yard.node('service-a').fetch(url, {
    headers: { 'x-canary': canary, 'user-agent': canary },
    source: yard.ground.addresses.serviceA,
    tls: { insecure: true },
  })
}
