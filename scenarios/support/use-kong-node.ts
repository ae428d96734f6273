import { afterAll, beforeAll } from 'vitest'
import { openKongCluster, type KongCluster, type KongNode, type Settings } from './kong-cluster.ts'

export interface OneNode {
  readonly cluster: KongCluster
  /** Its name is `kong-a`. */
  readonly node: KongNode
}

/** Gives the tests of a file or block a cluster with one node, opened before the first of them and closed after the last. */
export function useKongNode(take: (opened: OneNode) => void, settings: Settings = {}): void {
  const stack = new AsyncDisposableStack()
  beforeAll(async () => {
    const cluster = stack.use(await openKongCluster())
    take({ cluster, node: await cluster.start('kong-a', settings) })
  })
  afterAll(() => stack.disposeAsync())
}
