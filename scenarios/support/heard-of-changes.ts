import { randomUUID } from 'node:crypto'
import { eventually } from './eventually.ts'
import type { KongNode } from './kong-cluster.ts'

/** Waits until other nodes go by all that was configured through the Admin API of the first one. */
export async function heardOfChanges(first: KongNode, others: readonly KongNode[]): Promise<void> {
  // A later change cannot be known before an earlier one: a route of its own proves it.
  const host = `${randomUUID()}.test`
  const { id } = await first.configure('POST', '/routes', { hosts: [host] })
  await eventually('all nodes hear of a change', async () => {
    const answers = await Promise.all(others.map((node) => node.get('/', { host })))
    return answers.every(({ status }) => status !== 404)
  })
  await first.configure('DELETE', `/routes/${id}`)
}
