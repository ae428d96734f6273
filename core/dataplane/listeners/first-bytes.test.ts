import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { listenOnLoopback } from '#core/base/loopback-ports.ts'
import { adoptSocket } from '#core/dataplane/channel/adopt-socket.ts'
import type { Channel } from '#core/dataplane/channel/channel.ts'
import { watchFirstBytes } from './first-bytes.ts'

interface Pair extends AsyncDisposable {
  readonly client: Socket
  readonly channel: Channel
}

async function openPair(): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true })
  const port = await listenOnLoopback(server)
  const accepting = once(server, 'connection')
  const client = connect(port, '127.0.0.1')
  const [accepted] = await accepting
  const channel = adoptSocket(accepted)
  return {
    client,
    channel,
    [Symbol.asyncDispose]: async () => {
      channel.reset()
      client.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The whole process does nothing else meanwhile. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe(watchFirstBytes, () => {
  it('counts no client as silent that spoke in time, to a process that had no turn to read it', async () => {
    await using pair = await openPair()
    const watch = watchFirstBytes(pair.channel, 100)
    // It is being read by now.
    await wait(10)
    // Timers that are due come next.
    await nextTurn()
    pair.client.write('GET')
    standStill(300)
    expect(await watch.seen).toEqual({ kind: 'plain', firstByte: 'G'.charCodeAt(0) })
  })

  it('reads what has come before it is told to give up', async () => {
    await using pair = await openPair()
    const watch = watchFirstBytes(pair.channel, 60_000)
    await wait(10)
    pair.client.write('GET')
    watch.giveUp()
    expect(await watch.seen).toEqual({ kind: 'plain', firstByte: 'G'.charCodeAt(0) })
  })

  it('takes one for plain that says nothing in time', async () => {
    await using pair = await openPair()
    const watch = watchFirstBytes(pair.channel, 50)
    expect(await watch.seen).toEqual({ kind: 'plain', firstByte: undefined })
  })
})
