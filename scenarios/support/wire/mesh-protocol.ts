import type { Lab } from '#lab/lab.ts'
import { makeCanary } from '#lab/probes/canary.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import { askWithCanary } from './ask-with-canary.ts'

/** The id of every cluster: what follows is made of its authority's public key (Kong 1.1). */
export const meshProtocolPattern = /^com\.konghq\/service-mesh\/1\/[A-Za-z0-9+/]{43}=$/

/**
 * Waits until both nodes belong to the cluster: they serve a moment earlier, and connections made then stay as they are.
 * @throws {UnknownVerdict} When they do not come to it.
 */
export async function untilInMesh(yard: Yard): Promise<void> {
  for (const node of ['kong-a', 'kong-b']) {
    // oxlint-disable-next-line no-await-in-loop -- usually both are there
    await eventually(`${node} did not become a member of the cluster`, async () => {
      const logs = await yard.lab.logs(node)
      return logs.some(({ text }) => /is a member of the mesh|mesh alpn is '/.test(text))
    })
  }
}

/** It is of the cluster's authority, which a lab keeps as long as it is up. */
const known = new WeakMap<Lab, string>()

/**
 * The id of this lab's cluster, as the packets between its nodes had it when it was first asked for.
 * @throws Error when they agree on none.
 */
export async function meshProtocolOf(yard: Yard): Promise<string> {
  await untilInMesh(yard)
  const protocol = known.get(yard.lab) ?? (await findMeshProtocol(yard))
  known.set(yard.lab, protocol)
  return protocol
}

async function findMeshProtocol(yard: Yard): Promise<string> {
  const { echo } = yard.ground.addresses
  await askWithCanary(yard, `https://${echo}:18443/`, makeCanary())
  const { link } = await yard.wire()
  const agreed = link('kong-a', 'kong-b').hops.map(({ tls }) => tls?.alpn)
  const found = agreed.find((protocol) => protocol?.match(meshProtocolPattern))
  if (found === undefined) {
    throw new Error(`kong-a and kong-b agree on ${agreed.join() || 'nothing'}`)
  }
  return found
}
