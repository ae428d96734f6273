import koffi from 'koffi'
import { createServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { listenOnLoopback } from '#core/base/loopback-ports.ts'
import { dial } from '#core/dataplane/upstreams/dial.ts'
import { openSocketMark, socketMarkVariable } from './socket-mark.ts'

describe('openSocketMark', () => {
  it('marks what is dialled, from any address, until it is disposed of', async () => {
    const marks: number[] = []
    {
      using _mark = openSocketMark({ [socketMarkVariable]: '77' })
      marks.push(await markOfDialled())
      marks.push(await markOfDialled({ address: '127.0.0.9', transparent: false }))
      marks.push(await markOfDialled({ address: '192.0.2.7', transparent: true }))
    }
    marks.push(await markOfDialled())
    expect(marks).toEqual([77, 77, 77, 0])
  })

  it('does nothing without the variable', async () => {
    using _none = openSocketMark({})
    using _empty = openSocketMark({ [socketMarkVariable]: '' })
    expect(await markOfDialled()).toBe(0)
  })

  it.each(['0', '-1', '1.5', 'two', '4294967296'])('refuses "%s", naming the variable', (value) => {
    expect(() => openSocketMark({ [socketMarkVariable]: value })).toThrow(
      `MESHYARD_SOCKET_MARK is "${value}": it has to be a number from 1 to 4294967295`,
    )
  })
})

/** SO_MARK of a connection's socket, asked of the kernel as soon as it connects. */
async function markOfDialled(source?: {
  readonly address: string
  readonly transparent: boolean
}): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}))
  const port = await listenOnLoopback(server)
  const { promise, resolve } = Promise.withResolvers<number>()
  const dialled = dial(
    { host: '127.0.0.1', port, source, connectTimeoutMs: 200 },
    { onConnecting: (socket) => resolve(markOf(socket)) },
  ).then(
    (channel) => channel.reset(),
    // Nothing routes answers to an address that is not this machine's back here.
    () => {},
  )
  const mark = await promise
  await dialled
  server.close()
  return mark
}

function markOf(socket: Socket): number {
  const { _handle: handle }: { _handle?: { readonly fd: number } } = Object(socket)
  const getsockopt = koffi
    .load('libc.so.6')
    .func('int getsockopt(int, int, int, _Out_ uint32_t *, _Inout_ uint32_t *)')
  const [value, length] = [[0], [4]]
  const [solSocket, soMark] = [1, 36]
  if (handle === undefined || getsockopt(handle.fd, solSocket, soMark, value, length) !== 0) {
    throw new Error('the socket has no options')
  }
  return value[0] ?? 0
}
