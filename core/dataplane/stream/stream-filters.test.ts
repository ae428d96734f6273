import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { readAll } from '#core/dataplane/channel/test-bytes.ts'
import type { StreamFilter, StreamSessionView } from '#core/model/stream-filter.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { connectTo, openTestServer, openTestStream } from './open-test-stream.ts'

const fallback = await selfSigned(kongSubject)
const identities = { fallback, byServerName: new Map() }

/** A filter that notes what it is asked. */
function noting(
  name: string,
  notes: string[],
  preread: (session: StreamSessionView) => void | Promise<void> = () => {},
): StreamFilter {
  return {
    preread: (session) => {
      notes.push(`${name} preread ${session.encrypted} ${session.serverName ?? '-'}`)
      return preread(session)
    },
    finished: ({ status, bytesToClient, bytesFromClient }) => {
      notes.push(`${name} finished ${status} ${bytesToClient} ${bytesFromClient}`)
    },
  }
}

describe('filters of a stream', () => {
  it('are asked in order before anything is dialled, and told at its end', async () => {
    const notes: string[] = []
    await using server = await openTestServer((socket) => {
      notes.push('accepted')
      socket.pipe(socket)
    })
    const slow = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
    await using proxy = await openTestStream([
      {
        upstream: { target: server.target },
        filters: [noting('one', notes, slow), noting('two', notes)],
      },
    ])
    const client = await connectTo(proxy.port)
    client.end('hello')
    expect((await readAll(client)).toString()).toBe('hello')
    await proxy.observer.until('finished 200')
    expect(notes).toEqual([
      'one preread false -',
      'two preread false -',
      'accepted',
      'one finished 200 5 5',
      'two finished 200 5 5',
    ])
  })

  it('answer in place of the upstream; those after them are told of the end alone', async () => {
    const notes: string[] = []
    const answering = noting('one', notes, (session) => {
      session.answer('{"status":500}')
      session.answer('never')
    })
    await using proxy = await openTestStream([
      {
        upstream: { target: { host: '127.0.0.1', port: 1 } },
        filters: [answering, noting('two', notes)],
      },
    ])
    const client = await connectTo(proxy.port)
    client.write('a filler line\n')
    expect((await readAll(client)).toString()).toBe('{"status":500}')
    client.end()
    await proxy.observer.until('finished')
    expect(notes).toEqual([
      'one preread false -',
      'one finished 200 14 14',
      'two finished 200 14 14',
    ])
    expect(proxy.observer.lines).toEqual(['accepted', 'finished 200'])
  })

  it('answer a TLS client that says nothing, within TLS', async () => {
    const notes: string[] = []
    const answering = noting('one', notes, (session) => session.answer(Buffer.from('secret')))
    await using proxy = await openTestStream([{ filters: [answering] }], { identities })
    const client = connectTls({
      port: proxy.port,
      host: '127.0.0.1',
      servername: 'named.test',
      rejectUnauthorized: false,
    })
    await once(client, 'secureConnect')
    expect((await readAll(client)).toString()).toBe('secret')
    client.end()
    await proxy.observer.until('finished 200')
    expect(notes[0]).toBe('one preread true named.test')
  })

  it('are asked without any byte of the client once it was silent for a while', async () => {
    await using server = await openTestServer((socket) => socket.end('220 welcome\r\n'))
    const notes: string[] = []
    await using proxy = await openTestStream(
      [{ upstream: { target: server.target }, filters: [noting('one', notes)] }],
      { firstBytesTimeoutMs: 50 },
    )
    const client = await connectTo(proxy.port)
    expect((await readAll(client)).toString()).toBe('220 welcome\r\n')
    client.end()
    await proxy.observer.until('finished 200')
    expect(notes).toEqual(['one preread false -', 'one finished 200 13 0'])
  })

  it('that only watch the end make nobody wait', async () => {
    await using server = await openTestServer((socket) => socket.end('at once'))
    const ends: number[] = []
    const watching: StreamFilter = {
      finished: ({ status, durationMs }) => void ends.push(status, durationMs),
    }
    await using proxy = await openTestStream(
      [{ upstream: { target: server.target }, filters: [watching] }],
      { firstBytesTimeoutMs: 60_000 },
    )
    const client = await connectTo(proxy.port)
    expect((await readAll(client)).toString()).toBe('at once')
    client.end()
    await proxy.observer.until('finished 200')
    expect(ends[0]).toBe(200)
    expect(ends[1]).toBeGreaterThan(0)
  })

  it('send a session elsewhere', async () => {
    await using server = await openTestServer((socket) => socket.end('elsewhere'))
    const { host, port } = server.target
    await using proxy = await openTestStream([
      {
        upstream: { target: { host: '127.0.0.1', port: 1 } },
        filters: [
          {
            preread: (session) => {
              session.target = { host, port, tls: false }
            },
          },
        ],
      },
    ])
    const client = await connectTo(proxy.port)
    client.write('x')
    expect((await readAll(client)).toString()).toBe('elsewhere')
    client.destroy()
  })

  it.each([
    ['throws', () => fail()],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('close the session with status 500 when one %s, without a byte', async (_how, preread) => {
    const notes: string[] = []
    await using server = await openTestServer(() => notes.push('accepted'))
    await using proxy = await openTestStream([
      {
        upstream: { target: server.target },
        filters: [{ preread }, { finished: () => fail() }, noting('last', notes)],
      },
    ])
    const client = await connectTo(proxy.port)
    let received = 0
    client.on('data', (bytes) => (received += bytes.length))
    client.write('x')
    await new Promise((resolve) => void client.once('close', resolve))
    await proxy.observer.until('finished 500')
    expect(received).toBe(0)
    expect(notes).toEqual(['last finished 500 0 1'])
    expect(proxy.observer.lines.filter((line) => line.startsWith('fault'))).toEqual([
      'fault A filter failed: broken',
      'fault A filter failed: broken',
    ])
  })

  it('hear of an upstream that cannot be reached, or has no address', async () => {
    const notes: string[] = []
    const filters = [noting('one', notes)]
    await using proxy = await openTestStream([
      { upstream: { target: { host: '127.0.0.1', port: 1 } }, filters },
    ])
    const client = await connectTo(proxy.port)
    client.end('x')
    await readAll(client)
    await proxy.observer.until('finished 502')
    await using unresolved = await openTestStream([
      { upstream: { target: { host: 'nowhere.invalid', port: 1 } }, filters },
    ])
    const other = await connectTo(unresolved.port)
    other.end('x')
    await readAll(other)
    await unresolved.observer.until('finished 503')
    expect(notes.filter((note) => note.includes('finished'))).toEqual([
      'one finished 502 0 1',
      'one finished 503 0 1',
    ])
  })
})

function fail(): never {
  throw new Error('broken')
}
