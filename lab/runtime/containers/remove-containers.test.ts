import Docker from 'dockerode'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ownerLabel } from './owner.ts'
import { removeContainersOf } from './remove-containers.ts'

const withinMs = 200

/** Says no word of its own: what an engine does that has locked itself up, for all or for one container. */
async function removing(answer: RequestListener): Promise<unknown> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'engine-'))
  const socketPath = join(folder.path, 'engine.sock')
  await using server = createServer(answer).listen(socketPath)
  await once(server, 'listening')
  try {
    return await removeContainersOf(new Docker({ socketPath }), 'me', { withinMs })
  } catch (error) {
    return error
  } finally {
    server.closeAllConnections()
  }
}

describe('an engine that has locked itself up', () => {
  it('is not waited for without end', async () => {
    expect(await removing(() => {})).toMatchObject({
      message: 'The container engine does not answer within 200 ms.',
    })
  })

  it('is told of with the containers that it does not remove', async () => {
    const listed = [{ Id: 'a', Names: ['/mesh-kong-a'], Labels: { [ownerLabel]: 'me' } }]
    const outcome = await removing((request, response) => {
      if (request.method !== 'GET') return
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(listed))
    })
    expect(outcome).toMatchObject({
      message: 'The container engine does not remove mesh-kong-a within 200 ms; start it anew.',
    })
  })

  it('is told apart from one that answers', async () => {
    const outcome = await removing((_request, response) => {
      response.setHeader('Content-Type', 'application/json').end('[]')
    })
    expect(outcome).toBe(0)
  })
})
