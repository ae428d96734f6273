import { join } from 'node:path'
import type { LabPlan } from '#lab/topology/plan.ts'

/**
 * Gives the product's own proxies of a lab one default certificate, in its run folder: each would make one of its own
 * with its first start, and to make a key takes as long as to start a node. Other proxies are left alone.
 * @throws Error when it cannot be written.
 */
export async function prepareNodes({ folder, processes }: LabPlan): Promise<void> {
  const nodes = processes.flatMap(({ kong }) =>
    kong === undefined || kong.silent === true ? [] : kong,
  )
  if (nodes.length === 0) return
  // Loaded while the lab's first process starts.
  const { makeDefaultCertificate, placeDefaultCertificate } =
    await import('#core/node/prepared-certificate.ts')
  const certificate = await makeDefaultCertificate()
  for (const { prefix, proxies } of nodes) {
    const use = proxies ? 'proxy' : 'admin'
    placeDefaultCertificate(certificate, { prefix: join(folder, prefix), use })
  }
}
