import type { ClusterCa } from '#core/kong/entities/cluster-ca.ts'
import type { MeshAuthority } from '#core/model/mesh.ts'
import { issueCertificate } from './issue-certificate.ts'
import { makeKey } from './make-authority.ts'
import { authoritiesOf, type NodeIdentities } from './membership.ts'
import { meshProtocol } from './mesh-protocol.ts'

/**
 * Makes a node's certificates: one for each authority of the row, all for one key, which never leaves memory. Those of
 * `known` are kept.
 *
 * @param options.spareKey is taken in place of a new one, unless it belongs to an authority of the row.
 * @throws Error when an authority cannot sign: it is not RSA.
 */
export async function makeNodeIdentities(
  row: ClusterCa,
  {
    nodeId,
    known,
    spareKey,
  }: {
    readonly nodeId: string
    readonly known: NodeIdentities
    readonly spareKey?: string | undefined
  },
): Promise<NodeIdentities> {
  const [any] = known.values()
  const spare = authoritiesOf(row).some(({ key: taken }) => taken === spareKey)
    ? undefined
    : spareKey
  const key = any?.identity.privateKey ?? spare ?? (await makeKey())
  const commonName = `kong-node-${nodeId}`
  const made = authoritiesOf(row).map(async (issuer): Promise<MeshAuthority> => {
    const found = known.get(issuer.cert)
    if (found !== undefined) return found
    const certificate = await issueCertificate({ key, commonName, issuer, now: Date.now() })
    return {
      protocol: meshProtocol(issuer.cert),
      certificate: issuer.cert,
      identity: { certificate, privateKey: key },
    }
  })
  return new Map((await Promise.all(made)).map((each) => [each.certificate, each]))
}
