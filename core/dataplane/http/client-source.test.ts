import { once } from 'node:events'
import { createServer } from 'node:http'
import { Agent, request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { listenOnLoopback } from '#core/base/loopback-ports.ts'
import { openTestProxy } from './open-test-proxy.ts'

it('keeps the address of each client, and gives no other the connection that one is named on', async () => {
  const server = createServer(({ socket }, response) =>
    response.end(`${socket.remoteAddress} ${socket.remotePort}`),
  )
  const port = await listenOnLoopback(server)
  await using stack = new AsyncDisposableStack()
  stack.defer(() => void server.close())
  stack.defer(() => server.closeAllConnections())
  const proxy = stack.use(
    await openTestProxy([{ upstream: { target: { host: '127.0.0.1', port }, source: 'client' } }]),
  )
  const ask = async (localAddress: string): Promise<string[]> => {
    const asked = request({ port: proxy.port, host: '127.0.0.1', localAddress, agent: new Agent() })
    const [response]: IncomingMessage[] = await once(asked.end(), 'response')
    return response === undefined ? [] : (await text(response)).split(' ')
  }
  const [first, other, again] = [
    await ask('127.0.0.7'),
    await ask('127.0.0.8'),
    await ask('127.0.0.7'),
  ]
  expect([first[0], other[0]]).toEqual(['127.0.0.7', '127.0.0.8'])
  // For the same client the idle connection is used again.
  expect(again).toEqual(first)
})
