import { setTimeout as sleep } from 'node:timers/promises'
import { MeshError } from '#core/base/errors.ts'
import { type Authority, type ClusterCa, clusterCas } from '#core/kong/entities/cluster-ca.ts'
import type { Store } from '#core/store/store.ts'
import { readClusterCa } from './ensure-cluster-ca.ts'
import { makeAuthority } from './make-authority.ts'
import { meshProtocol } from './mesh-protocol.ts'

/** How far a change of authority has come. */
export type RotationPhase = 'at-rest' | 'offered' | 'preferred'

export interface RotateOptions {
  /** How long all nodes may take to notice a step before the next one is made, in ms. */
  readonly waitMs: number
  /** Hears of each step. */
  readonly say: (message: string) => void
}

/**
 * Replaces the cluster's authority while its nodes run, in three steps between which any two nodes recognise each
 * other: all accept the new one beside the old, then prefer it, then forget the old one. A change that was broken off is
 * brought to its end instead.
 *
 * @throws MeshError `no-cluster-ca` when there is nothing to replace.
 */
export async function rotateClusterCa(store: Store, { waitMs, say }: RotateOptions): Promise<void> {
  const found = await store.read(readClusterCa)
  if (found === undefined) {
    throw new MeshError(
      'no-cluster-ca',
      'the cluster has no authority yet: the first node that starts makes one',
    )
  }
  let row = found
  if (phaseOf(row) === 'at-rest') {
    row = await step(store, row, offer(row, await makeAuthority()))
  } else {
    say('going on with a rotation that was broken off')
  }
  for (;;) {
    say(describe(row))
    if (phaseOf(row) === 'at-rest') return
    await sleep(waitMs)
    row = await step(store, row, advance(row))
  }
}

export function phaseOf({ next, previous }: ClusterCa): RotationPhase {
  if (next !== null) return 'offered'
  return previous === null ? 'at-rest' : 'preferred'
}

/** Lets all nodes accept the authority beside the one in force. */
export function offer(row: ClusterCa, next: Authority): ClusterCa {
  return { ...row, next }
}

/** The next step of a change: prefers what was offered, then forgets what was replaced. */
export function advance(row: ClusterCa): ClusterCa {
  const { cert, key, next } = row
  if (next === null) return { ...row, previous: null }
  return { ...row, cert: next.cert, key: next.key, next: null, previous: { cert, key } }
}

/**
 * Makes a step that was decided on this state. When somebody else has made one meanwhile, that one counts, and nodes
 * get as long to notice it.
 */
function step(store: Store, from: ClusterCa, to: ClusterCa): Promise<ClusterCa> {
  return store.write(async (transaction) => {
    const now = await readClusterCa(transaction)
    if (now === undefined) {
      throw new MeshError('no-cluster-ca', 'somebody has removed the authority of the cluster')
    }
    if (!isSameState(now, from)) return now
    await transaction.put(clusterCas.collection, to)
    return to
  })
}

function isSameState(a: ClusterCa, b: ClusterCa): boolean {
  return a.cert === b.cert && a.next?.cert === b.next?.cert && a.previous?.cert === b.previous?.cert
}

function describe(row: ClusterCa): string {
  switch (phaseOf(row)) {
    case 'offered':
      return `accepted by all nodes from now on: ${meshProtocol(row.next?.cert ?? row.cert)}`
    case 'preferred':
      return `preferred by all nodes from now on: ${meshProtocol(row.cert)}`
    case 'at-rest':
      return `the only one from now on: ${meshProtocol(row.cert)}`
  }
}
