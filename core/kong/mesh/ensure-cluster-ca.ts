import {
  type Authority,
  type ClusterCa,
  clusterCaId,
  clusterCas,
} from '#core/kong/entities/cluster-ca.ts'
import type { Store, StoreView } from '#core/store/store.ts'
import { makeAuthority } from './make-authority.ts'

/**
 * Returns the cluster's authority, made and stored if there is none: however many nodes ask at the same moment, all get
 * the same one.
 *
 * @param make is called only when there is none; its result counts only if nobody else was faster.
 */
export async function ensureClusterCa(
  store: Store,
  make: () => Promise<Authority> = makeAuthority,
): Promise<ClusterCa> {
  const there = await store.read(readClusterCa)
  if (there !== undefined) return there
  // Outside the transaction: making a key takes longer than others should wait.
  const made = clusterCaOf(await make())
  return store.write(async (transaction) => {
    const faster = await readClusterCa(transaction)
    if (faster !== undefined) return faster
    await transaction.insert(clusterCas.collection, made)
    return made
  })
}

/** The row, if there is one. */
export async function readClusterCa(view: StoreView): Promise<ClusterCa | undefined> {
  const [row] = await view.list(clusterCas.collection)
  return row
}

/** The row of a cluster that has this authority alone. */
export function clusterCaOf({ cert, key }: Authority): ClusterCa {
  const created_at = Math.floor(Date.now() / 1000)
  return { id: clusterCaId, created_at, pk: true, key, cert, next: null, previous: null }
}
