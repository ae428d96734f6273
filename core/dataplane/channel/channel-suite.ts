import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { memoryFootprint, patternedBytes, readAll, sha256 } from './test-bytes.ts'
import { TestSink } from './test-sink.ts'
import type { Channel } from './channel.ts'

/** A channel under test and its other end in Node's own hands. */
export interface ChannelPair {
  readonly channel: Channel
  /** Paused, with `allowHalfOpen`; a TLSSocket where the channel speaks TLS. */
  readonly peer: Socket
  /** The TCP socket of the peer, which is `peer` itself on a plain connection. */
  readonly peerTransport: Socket
}

export interface ChannelKind {
  readonly name: string
  readonly tls: boolean
  readonly open: () => Promise<ChannelPair>
}

/** What every engine's channels do, whichever way they were made. */
export function describeChannel(kind: ChannelKind): void {
  const openPair = async (): Promise<ChannelPair> => {
    const pair = await kind.open()
    pair.peer.on('error', () => {})
    pair.peerTransport.on('error', () => {})
    onTestFinished(() => {
      pair.channel.reset()
      pair.peerTransport.destroy()
    })
    return pair
  }

  describe(`${kind.name} channel`, () => {
    it('names both ends', async () => {
      const { channel, peerTransport } = await openPair()
      expect(channel.remote).toEqual({ address: '127.0.0.1', port: peerTransport.localPort })
      expect(channel.local).toEqual({ address: '127.0.0.1', port: peerTransport.remotePort })
      expect(channel.tls?.protocol).toBe(kind.tls ? 'TLSv1.3' : undefined)
    })

    it('delivers nothing before it is opened and everything after', async () => {
      const { channel, peer } = await openPair()
      peer.write('early ')
      peer.end('bird')
      await once(peer, 'finish')
      const sink = TestSink.open(channel)
      await sink.until(({ text }) => text === 'early bird')
      await sink.hears('end')
    })

    it('delivers to the latest sink only and loses nothing between two', async () => {
      const { channel, peer } = await openPair()
      const first = TestSink.open(channel)
      peer.write('one')
      await first.until(({ text }) => text === 'one')
      channel.pause()
      peer.write('two')
      await roundTrip(peer)
      const second = TestSink.open(channel)
      await second.until(({ text }) => text === 'two')
      peer.end()
      await second.hears('end')
      expect(first.course).toBe('bytes')
    })

    it('puts unread bytes in front of what follows', async () => {
      const { channel, peer } = await openPair()
      const first = TestSink.open(channel)
      peer.write('hello')
      await first.until(({ text }) => text === 'hello')
      channel.pause()
      channel.unread(Buffer.from('lo'))
      channel.unread(Buffer.from('hel'))
      peer.write(' world')
      const second = TestSink.open(channel)
      await second.until(({ text }) => text === 'hello world')
    })

    it('takes bytes back inside onBytes and gives them to the next sink', async () => {
      const { channel, peer } = await openPair()
      const second = new TestSink()
      const first = new TestSink()
      first.onBytes = (bytes) => {
        channel.unread(bytes.subarray(1))
        channel.open(second)
      }
      channel.open(first)
      peer.write('abc')
      await second.until(({ text }) => text === 'bc')
    })

    it('delivers nothing while it is paused, and the end only after the bytes', async () => {
      const { channel, peer } = await openPair()
      const sink = TestSink.open(channel)
      channel.pause()
      peer.end('late')
      await once(peer, 'finish')
      await roundTrip(peer)
      expect(sink.course).toBe('')
      channel.resume()
      await sink.hears('end')
      expect(sink.course).toBe('bytes end')
    })

    it('stays paused when it was resumed and paused in one turn', async () => {
      const { channel, peer } = await openPair()
      const sink = TestSink.open(channel)
      channel.pause()
      channel.resume()
      channel.pause()
      peer.write('x')
      await roundTrip(peer)
      expect(sink.course).toBe('')
      channel.resume()
      await sink.until(({ text }) => text === 'x')
    })

    it('lets the caller use its bytes again as soon as write returns', async () => {
      const { channel, peer } = await openPair()
      TestSink.open(channel)
      const scratch = Buffer.alloc(100_000)
      for (let round = 0; round < 200; round++) {
        scratch.fill(round)
        channel.write(scratch)
      }
      scratch.fill(255)
      channel.end()
      const received = await readAll(peer)
      expect(received.length).toBe(200 * scratch.length)
      for (let round = 0; round < 200; round++) {
        const part = received.subarray(round * scratch.length, (round + 1) * scratch.length)
        expect(part.every((byte) => byte === round)).toBe(true)
      }
    })

    it('tells a writer to stop when the peer is slow, and to go on when it caught up', async () => {
      const { channel, peer } = await openPair()
      const sink = TestSink.open(channel)
      const chunk = Buffer.alloc(64 * 1024)
      let written = 0
      while (channel.write(chunk)) {
        written += chunk.length
        if (written > 64 * 1024 * 1024) throw new Error('write never returned false')
      }
      expect(sink.heard('drain')).toBe(false)
      peer.resume()
      await sink.hears('drain')
      expect(channel.write(chunk)).toBe(true)
    })

    it('holds little memory for a peer that reads nothing while a fast one sends', async () => {
      const { channel, peer } = await openPair()
      const sink = TestSink.open(channel)
      channel.pause()
      const before = memoryFootprint()
      const chunk = Buffer.alloc(64 * 1024)
      const writing = { stuck: false }
      while (!writing.stuck) {
        if (!peer.write(chunk)) {
          // oxlint-disable-next-line no-await-in-loop -- either the peer drains or the kernel is full
          writing.stuck = !(await drainsWithin(peer, 200))
        }
      }
      expect(memoryFootprint() - before).toBeLessThan(16 * 1024 * 1024)
      channel.resume()
      peer.end()
      await sink.hears('end')
    })

    it('ends one direction and still receives the other', async () => {
      const { channel, peer } = await openPair()
      const sink = TestSink.open(channel)
      channel.write(Buffer.from('question'))
      channel.end()
      expect((await readAll(peer)).toString()).toBe('question')
      peer.end(patternedBytes(300_000))
      await sink.hears('closed')
      expect(sink.course).toBe('bytes end closed')
      expect(sha256(sink.received)).toBe(sha256(patternedBytes(300_000)))
      expect(sink.fault).toBeUndefined()
    })

    it('still sends after the peer has ended its direction', async () => {
      const { channel, peer } = await openPair()
      const sink = TestSink.open(channel)
      peer.end('question')
      await sink.hears('end')
      expect(sink.text).toBe('question')
      channel.write(patternedBytes(300_000))
      channel.end()
      expect(sha256(await readAll(peer))).toBe(sha256(patternedBytes(300_000)))
      await sink.hears('closed')
      expect(sink.events.filter((event) => event !== 'drain').join(' ')).toBe('bytes end closed')
    })

    it('tells a sink that is opened after the end of it', async () => {
      const { channel, peer } = await openPair()
      const first = TestSink.open(channel)
      peer.end('x')
      await first.hears('end')
      const second = TestSink.open(channel)
      await second.hears('end')
      channel.end()
      await second.hears('closed')
      const third = TestSink.open(channel)
      await third.hears('closed')
      expect(first.course).toBe('bytes end')
    })

    it('sends what was written before it closes, and ignores what still comes', async () => {
      const { channel, peer } = await openPair()
      const sink = TestSink.open(channel)
      channel.write(patternedBytes(500_000))
      channel.close()
      peer.write('too late')
      expect(sha256(await readAll(peer))).toBe(sha256(patternedBytes(500_000)))
      peer.end()
      await sink.hears('closed')
      expect(sink.course).toBe('closed')
      expect(sink.fault).toBeUndefined()
    })

    it('delivers the whole answer of a peer that answers, closes and leaves our bytes unread', async () => {
      // No more than fits into flight: a closing kernel forgets what it has not sent yet.
      const answer = patternedBytes(30_000)
      for (let round = 0; round < 20; round++) {
        // oxlint-disable-next-line no-await-in-loop -- one connection after the other
        const { channel, peer, peerTransport } = await openPair()
        const sink = TestSink.open(channel)
        const more = setInterval(() => channel.write(Buffer.from('still writing')), 0)
        // The peer never reads: closing with unread bytes makes its kernel reset the connection behind the answer.
        // oxlint-disable-next-line no-await-in-loop
        await new Promise((resolve) => peer.write(answer, resolve))
        peerTransport.destroy()
        // oxlint-disable-next-line no-await-in-loop
        await sink.hears('closed')
        clearInterval(more)
        expect(sha256(sink.received)).toBe(sha256(answer))
        expect(sink.events.filter((event) => event === 'closed')).toHaveLength(1)
      }
    })

    it('says why when the peer resets', async () => {
      const { channel, peer, peerTransport } = await openPair()
      const sink = TestSink.open(channel)
      peer.write('x')
      await sink.until(({ text }) => text === 'x')
      peerTransport.resetAndDestroy()
      await sink.hears('closed')
      expect(sink.fault).toMatchObject({ code: 'ECONNRESET' })
      expect(channel.write(Buffer.from('into the void'))).toBe(true)
    })

    it('closes only once, whatever is called on it', async () => {
      const { channel, peer } = await openPair()
      const sink = TestSink.open(channel)
      peer.resume()
      channel.end()
      channel.close()
      channel.close()
      channel.reset()
      channel.reset()
      channel.end()
      channel.write(Buffer.from('x'))
      await sink.hears('closed')
      await new Promise((resolve) => setImmediate(resolve))
      expect(sink.course).toBe('closed')
    })

    it('counts the bytes of both directions', async () => {
      const { channel, peer } = await openPair()
      const sink = TestSink.open(channel)
      channel.write(Buffer.alloc(1000))
      channel.end()
      await readAll(peer)
      peer.end('12345')
      await sink.hears('closed')
      expect(channel.bytesWritten).toBe(1000)
      expect(channel.bytesRead).toBe(5)
    })

    it('carries 50 MB both ways at once without a wrong byte', { timeout: 240_000 }, async () => {
      const { channel, peer } = await openPair()
      const total = 50 * 1024 * 1024
      const block = patternedBytes(1024 * 1024)
      const echoed = echo(channel)
      const send = async (): Promise<void> => {
        for (let sent = 0; sent < total; sent += block.length) {
          // oxlint-disable-next-line no-await-in-loop -- as fast as the peer takes them
          if (!peer.write(block)) await once(peer, 'drain')
        }
        peer.end()
      }
      const sending = send()
      let at = 0
      for await (const chunk of peer as AsyncIterable<Buffer>) {
        for (let done = 0; done < chunk.length;) {
          const offset = (at + done) % block.length
          const length = Math.min(block.length - offset, chunk.length - done)
          if (block.compare(chunk, done, done + length, offset, offset + length) !== 0) {
            throw new Error(`A wrong byte within ${length} from ${at + done}`)
          }
          done += length
        }
        at += chunk.length
      }
      await sending
      expect(at).toBe(total)
      expect(await echoed).toBeUndefined()
    })
  })
}

/** Sends everything back; resolves with the fault of the closure. */
function echo(channel: Channel): Promise<Error | undefined> {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>()
  channel.open({
    onBytes: (bytes) => {
      if (!channel.write(bytes)) channel.pause()
    },
    onEnd: () => channel.end(),
    onDrain: () => channel.resume(),
    onClosed: resolve,
  })
  return promise
}

/** Long enough for bytes on loopback to arrive: other connections have been made and used meanwhile. */
async function roundTrip(peer: Socket): Promise<void> {
  await new Promise((resolve) => peer.write('', resolve))
  for (let turn = 0; turn < 20; turn++) {
    // oxlint-disable-next-line no-await-in-loop -- turns of the event loop
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

async function drainsWithin(peer: Socket, ms: number): Promise<boolean> {
  const signal = AbortSignal.timeout(ms)
  try {
    await once(peer, 'drain', { signal })
    return true
  } catch {
    return false
  }
}
