import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { connect } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { joinedMesh } from '#scenarios/support/joined-mesh.ts'
import { openKongCluster, type KongNode } from '#scenarios/support/kong-cluster.ts'
import { kongCommand } from '#scenarios/support/kong-process.ts'
import {
  clusterAuthority,
  issueBy,
  protocolIdOf,
  type ClusterAuthority,
} from './cluster-authority.ts'

/** Long enough for a test to hold the command up until it has seen what a step has led to. */
const waitSeconds = 4

describe('the steps of kong mesh rotate-ca', () => {
  it('let members of the old and of the new authority in side by side, until the old one is forgotten', async () => {
    await using cluster = await openKongCluster()
    const node = await cluster.start('kong-a')
    await joinedMesh([node])
    const before = await clusterAuthority(cluster.folder)
    const old = { cert: before.cert, key: before.key }

    const rotation = spawn(kongCommand, ['mesh', 'rotate-ca', '--wait', `${waitSeconds}`], {
      cwd: cluster.folder,
      env: { PATH: process.env['PATH'], ...node.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    using _stop = { [Symbol.dispose]: () => void rotation.kill('SIGKILL') }
    const ended = once(rotation, 'exit')
    /** The command makes no further step while this looks. */
    const between = async (look: () => Promise<void>): Promise<void> => {
      rotation.kill('SIGSTOP')
      await look()
      rotation.kill('SIGCONT')
    }
    const lines = createInterface({ input: rotation.stdout })[Symbol.asyncIterator]()
    const nextLine = async (): Promise<string> => String((await lines.next()).value)
    const offered = await nextLine()
    let added: ClusterAuthority = old
    const accepted = async (): Promise<readonly boolean[]> =>
      Promise.all([old, added].map((authority) => letsIn(node, authority)))
    await between(async () => {
      const { next } = await clusterAuthority(cluster.folder)
      if (next === null) throw new Error('nothing is offered')
      added = next
      expect(offered).toBe(`accepted by all nodes from now on: ${protocolIdOf(added)}`)
      await expect.poll(accepted).toEqual([true, true])
      // Not because the next step was made meanwhile.
      expect((await clusterAuthority(cluster.folder)).next).toEqual(added)
    })

    expect(await nextLine()).toBe(`preferred by all nodes from now on: ${protocolIdOf(added)}`)
    await between(async () => {
      await expect
        .poll(() => node.log('error.log'))
        .toContain(`a member of the mesh ${protocolIdOf(added)}, and accepts ${protocolIdOf(old)}`)
      expect(await accepted()).toEqual([true, true])
    })

    expect(await nextLine()).toBe(`the only one from now on: ${protocolIdOf(added)}`)
    expect(await ended).toEqual([0, null])
    await expect.poll(accepted).toEqual([false, true])
  })
})

/** Whether a node takes a member of this authority for one of its mesh. */
async function letsIn({ address }: KongNode, authority: ClusterAuthority): Promise<boolean> {
  const protocol = protocolIdOf(authority)
  const socket = connect({
    host: address,
    port: 8443,
    ALPNProtocols: [protocol],
    ca: authority.cert,
    checkServerIdentity: () => undefined,
    ...issueBy(authority),
  })
  try {
    await once(socket, 'secureConnect')
    return socket.alpnProtocol === protocol
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
