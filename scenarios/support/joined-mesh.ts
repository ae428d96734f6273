import { eventually } from './eventually.ts'
import type { KongNode } from './kong-cluster.ts'

/**
 * Waits until nodes belong to one mesh, and returns its protocol id. A node that has just started does not yet.
 * @throws Error when they belong to different ones.
 */
export async function joinedMesh(nodes: readonly KongNode[]): Promise<string> {
  let protocols: readonly string[] = []
  await eventually('all nodes belong to a mesh', async () => {
    const logs = await Promise.all(nodes.map((node) => node.log('error.log')))
    protocols = logs.map((log) => [...log.matchAll(member)].at(-1)?.[1] ?? '')
    return !protocols.includes('')
  })
  const [protocol = '', ...others] = new Set(protocols)
  if (others.length > 0)
    throw new Error(`the nodes belong to different meshes: ${protocols.join()}`)
  return protocol
}

const member = /this node is a member of the mesh (\S+)$/gm
