import { once } from 'node:events'
import { mkdtempDisposable, readFile, stat } from 'node:fs/promises'
import { connect as connectPlain, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createSecureContext, TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { listenOnLoopback } from '#core/base/loopback-ports.ts'
import type { Log } from '#core/base/log.ts'
import { offerTlsKeys } from '#core/tls/key-log.ts'
import { kongSubject, selfSigned } from '#core/tls/self-signed.ts'
import { keyLogVariable, openKeyLogFile } from './key-log-file.ts'

const identity = await selfSigned(kongSubject)

describe('openKeyLogFile', () => {
  it('writes the same secrets from either end of a connection, and warns once', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'keys-'))
    const path = join(folder.path, 'keys.log')
    const lines: string[] = []
    {
      using _keys = openKeyLogFile({ [keyLogVariable]: path }, logInto(lines))
      await talk()
    }
    expect(lines).toEqual([
      `warn: the secrets of all TLS connections are written to ${path} (MESHYARD_KEYLOG)`,
    ])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const written = await readFile(path, 'utf8')
    const counts = Map.groupBy(written.trimEnd().split('\n'), (line) => line)
    expect([...counts.keys()].map((line) => line.split(' ')[0])).toEqual(
      expect.arrayContaining(['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'SERVER_TRAFFIC_SECRET_0']),
    )
    expect([...counts.values()].map(({ length }) => length)).toEqual([...counts].map(() => 2))

    // Closed, it takes nothing any more.
    await talk()
    expect(await readFile(path, 'utf8')).toBe(written)
  })

  it('listens for no secrets unless the variable is set', async () => {
    const lines: string[] = []
    using _none = openKeyLogFile({}, logInto(lines))
    using _empty = openKeyLogFile({ [keyLogVariable]: '' }, logInto(lines))
    expect(await talk()).toEqual([0, 0])
    expect(lines).toEqual([])
  })

  it('refuses a file that cannot be written, naming the variable', () => {
    const open = (): Disposable =>
      openKeyLogFile({ [keyLogVariable]: '/no/such/folder/keys.log' }, logInto([]))
    expect(open).toThrow(/MESHYARD_KEYLOG names: ENOENT.*\/no\/such\/folder\/keys\.log/)
  })
})

/** One connection whose ends offer their secrets; how many listened for those. */
async function talk(): Promise<readonly number[]> {
  const { promise: taken, resolve } = Promise.withResolvers<TLSSocket>()
  const server = createServer((socket) => {
    const secureContext = createSecureContext({
      cert: identity.certificate,
      key: identity.privateKey,
    })
    const secured = new TLSSocket(socket, { isServer: true, secureContext })
    offerTlsKeys(secured)
    resolve(secured)
    secured.on('error', () => {}).pipe(secured)
  })
  const plain = connectPlain(await listenOnLoopback(server), '127.0.0.1')
  const client = connect({ socket: plain, rejectUnauthorized: false })
  offerTlsKeys(client)
  client.end('hello')
  await once(client.resume(), 'close')
  await once(server.close(), 'close')
  return [client, await taken].map((socket) => socket.listenerCount('keylog'))
}

function logInto(lines: string[]): Log {
  return {
    enabled: () => true,
    write: (level, message) => {
      lines.push(`${level}: ${message}`)
    },
  }
}
