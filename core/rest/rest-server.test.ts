import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Endpoint } from './exchange.ts'
import { openRestServer, type RestServer, type RestServerOptions } from './rest-server.ts'
import type { RestIdentity } from './tls-server.ts'

const endpoints: readonly Endpoint[] = [
  {
    path: '/things/:thing',
    handlers: {
      GET: ({ parameters, query }) => ({ status: 200, body: [parameters, ...query] }),
      POST: ({ body }) => ({ status: 201, body }),
      DELETE: () => ({ status: 204 }),
    },
  },
  { path: '/text', handlers: { GET: () => ({ status: 200, body: 'plain' }) } },
  {
    path: '/broken',
    handlers: {
      GET: () => {
        throw new Error('broken')
      },
    },
  },
]

interface Served extends AsyncDisposable {
  readonly server: RestServer
  readonly origin: string
  readonly faults: unknown[]
}

async function serve(options: Partial<RestServerOptions> = {}): Promise<Served> {
  const faults: unknown[] = []
  const server = await openRestServer({
    listen: [{ address: '127.0.0.1', port: 0 }],
    endpoints,
    title: 'test API',
    headers: { server: 'test/1' },
    report: (error) => faults.push(error),
    ...options,
  })
  return {
    server,
    origin: `http://127.0.0.1:${server.addresses[0]?.port}`,
    faults,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function send(
  origin: string,
  body: string | Uint8Array<ArrayBuffer>,
  contentType?: string,
): Promise<readonly [number, unknown]> {
  const headers = contentType === undefined ? {} : { 'content-type': contentType }
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const response = await fetch(`${origin}/things/1`, { method: 'POST', body: bytes, headers })
  return [response.status, await response.json()]
}

describe('replies', () => {
  it('carry type, length and the common headers', async () => {
    await using served = await serve()
    const response = await fetch(`${served.origin}/things/a%20b/?size=1`)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': '30',
      server: 'test/1',
    })
    expect(await response.json()).toEqual([{ thing: 'a b' }, ['size', '1']])
    const text = await fetch(`${served.origin}/text`)
    expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await text.text()).toBe('plain')
  })

  it('to HEAD are those to GET without the body', async () => {
    await using served = await serve()
    const response = await fetch(`${served.origin}/text`, { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '5'])
    expect(await response.text()).toBe('')
  })

  it('to OPTIONS name the methods on a known path only', async () => {
    await using served = await serve()
    const known = await fetch(`${served.origin}/text/`, { method: 'OPTIONS' })
    expect(known.status).toBe(204)
    expect(known.headers.get('access-control-allow-methods')).toBe(
      'GET, HEAD, PUT, PATCH, POST, DELETE',
    )
    expect(known.headers.get('access-control-allow-headers')).toBe('Content-Type')
    expect((await fetch(`${served.origin}/nothing`, { method: 'OPTIONS' })).status).toBe(404)
  })

  it.each([
    ['GET', '/nothing', 404, 'Not found'],
    ['GET', '/things/%ff', 400, 'Bad request'],
    ['PUT', '/things/1', 405, 'Method not allowed'],
    ['POST', '/text', 405, 'Method not allowed'],
  ])('%s %s is refused with %i', async (method, path, status, message) => {
    await using served = await serve()
    const response = await fetch(`${served.origin}${path}`, { method })
    expect([response.status, await response.json()]).toEqual([status, { message }])
  })

  it('hide a fault of the server and report it', async () => {
    await using served = await serve()
    const response = await fetch(`${served.origin}/broken`)
    expect([response.status, await response.json()]).toEqual([
      500,
      { message: 'An unexpected error occurred' },
    ])
    expect(served.faults).toEqual([new Error('broken')])
  })

  it('that cannot be written leave nobody waiting', async () => {
    const unwritable = { path: '/unwritable', handlers: { GET: () => ({ status: 200, body: 1n }) } }
    await using served = await serve({ endpoints: [...endpoints, unwritable] })
    await expect(fetch(`${served.origin}/unwritable`)).rejects.toThrow('fetch failed')
    expect(served.faults).toEqual([expect.any(TypeError)])
    expect((await fetch(`${served.origin}/text`)).status).toBe(200)
  })

  it('to what is not HTTP are 400, and to a head that is too large 431', async () => {
    await using served = await serve()
    for (const [head, status] of [
      ['NONSENSE\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
      [`GET / HTTP/1.1\r\nx: ${'a'.repeat(100_000)}\r\n\r\n`, 'HTTP/1.1 431'],
    ] as const) {
      await using client = await dial(served.server)
      client.socket.write(head)
      expect(await client.text()).toContain(status)
    }
  })
})

describe('bodies', () => {
  it('of JSON may be nested 1000 deep, no deeper; brackets in texts do not count', async () => {
    await using served = await serve()
    const nested = (depth: number): string =>
      `{"t":"[{\\"[[${'['.repeat(2000)}","a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
    const [status, body] = await send(served.origin, nested(1000), 'application/json')
    expect(status).toBe(201)
    expect(body).toMatchObject({ kind: 'json', value: { t: expect.stringMatching(/^\[\{"\[\[/) } })
    expect(await send(served.origin, nested(1001), 'application/json')).toEqual([
      400,
      { message: 'Cannot parse JSON body' },
    ])
  })

  it.each([
    ['application/json', '{"a":[1]}', { kind: 'json', value: { a: [1] } }],
    ['application/json; charset=utf-8', '{"__proto__":1}', undefined],
    ['Application/JSON', '\ufeff{}', { kind: 'json', value: {} }],
    [
      'application/x-www-form-urlencoded',
      'd[1].ip=1.2.3.4',
      { kind: 'form', value: { d: [{ ip: '1.2.3.4' }] } },
    ],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="a.b"\r\n\r\nc\r\n--x--\r\n',
      { kind: 'form', value: { a: { b: 'c' } } },
    ],
  ])('of %s are read: %s', async (type, text, body) => {
    await using served = await serve()
    const [status, seen] = await send(served.origin, text, type)
    expect(status).toBe(201)
    if (body) expect(seen).toEqual(body)
    else expect(JSON.stringify(seen)).toBe('{"kind":"json","value":{"__proto__":1}}')
  })

  it('may be missing', async () => {
    await using served = await serve()
    expect(await send(served.origin, '')).toEqual([201, { kind: 'none' }])
  })

  it.each(['application/x-www-form-urlencoded', 'multipart/form-data'])(
    'that are empty forms have no arguments: %s',
    async (type) => {
      await using served = await serve()
      expect(await send(served.origin, '', type)).toEqual([201, { kind: 'form', value: {} }])
    },
  )

  it('with an object of more names than anything has are refused unread', async () => {
    await using served = await serve()
    const names = Array.from({ length: 10_001 }, (_, index) => `"n${index}":1`)
    const text = (count: number): string => `{"a":{${names.slice(0, count).join(',')}}}`
    expect((await send(served.origin, text(10_000), 'application/json'))[0]).toBe(201)
    expect(await send(served.origin, text(10_001), 'application/json')).toEqual([
      400,
      { message: 'Cannot parse JSON body: an object may have at most 10000 names' },
    ])
  })

  it.each(['', '{', '[]', '"x"', 'null', '1'])(
    'that are not a JSON object are refused: %s',
    async (text) => {
      await using served = await serve()
      expect(await send(served.origin, text, 'application/json')).toEqual([
        400,
        { message: 'Cannot parse JSON body' },
      ])
    },
  )

  it('that are not UTF-8 are no JSON', async () => {
    await using served = await serve()
    const bytes = Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
    expect((await send(served.origin, bytes, 'application/json'))[0]).toBe(400)
  })

  it('of another type, or of none, are refused', async () => {
    await using served = await serve()
    expect(await send(served.origin, '<a/>', 'application/xml')).toEqual([415, {}])
    expect(await send(served.origin, 'a=b')).toEqual([415, {}])
  })

  it('are refused when they are too large, announced or not, and the connection goes on', async () => {
    await using served = await serve({ maxBodyBytes: 1000 })
    const refusal = [413, { message: 'Request body is too large' }]
    expect(await send(served.origin, 'x'.repeat(1_000_000), 'application/json')).toEqual(refusal)
    await using client = await dial(served.server)
    const chunk = `3e8\r\n${'x'.repeat(1000)}\r\n`
    client.socket.write(
      'POST /things/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n' +
        `${chunk.repeat(3)}0\r\n\r\nGET /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    )
    const text = await client.text()
    expect(text).toContain('HTTP/1.1 413 Payload Too Large')
    expect(text).toMatch(/HTTP\/1.1 200 OK[^]*plain$/)
    expect(served.faults).toEqual([])
  })

  it('are asked for with 100 Continue only when they are wanted', async () => {
    await using served = await serve({ maxBodyBytes: 1000 })
    await using wanted = await dial(served.server)
    wanted.socket.write(`${patientHead('/things/1', 2)}Connection: close\r\n\r\n`)
    await once(wanted.socket, 'readable')
    wanted.socket.write('{}')
    expect(await wanted.text()).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 201/)
    for (const [path, status] of [
      ['/things/1', '413'],
      ['/text', '405'],
    ] as const) {
      await using unwanted = await dial(served.server)
      unwanted.socket.write(`${patientHead(path, 2000)}\r\n`)
      const text = await unwanted.text()
      expect(text).toContain(`HTTP/1.1 ${status}`)
      expect(text).not.toContain('100 Continue')
    }
  })

  it('that never come to an end are nobody’s fault', async () => {
    await using served = await serve()
    await using client = await dial(served.server)
    client.socket.write(
      'POST /things/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    )
    await expect.poll(() => served.server.counts.requests).toBe(1)
    client.socket.destroy()
    await expect.poll(() => served.server.counts.active).toBe(0)
    expect(served.faults).toEqual([])
  })
})

describe('listening', () => {
  it('is done on all addresses or on none, and names every one that fails', async () => {
    await using served = await serve()
    const taken = served.server.addresses[0]?.port ?? 0
    const free = await serve()
    const port = free.server.addresses[0]?.port ?? 0
    await free[Symbol.asyncDispose]()
    const listen = [
      { address: '127.0.0.1', port },
      { address: '127.0.0.1', port: taken },
      { address: '192.0.2.1', port: 1 },
    ]
    await expect(serve({ listen })).rejects.toMatchObject({
      code: 'listen-failed',
      message:
        `Cannot listen on 127.0.0.1:${taken} for the test API: the address is in use; stop the other program or choose another port; ` +
        'Cannot listen on 192.0.2.1:1 for the test API: no interface of this machine has that address',
    })
    await using again = await serve({ listen: listen.slice(0, 1) })
    expect(again.server.addresses).toMatchObject([{ address: '127.0.0.1', port }])
  })

  it('ends at once with idle connections, and after the running request with a busy one', async () => {
    const gate = Promise.withResolvers<void>()
    const slow: Endpoint = {
      path: '/slow',
      handlers: {
        GET: async () => {
          await gate.promise
          return { status: 200, body: 'done' }
        },
      },
    }
    const served = await serve({ endpoints: [...endpoints, slow] })
    await using idle = await dial(served.server)
    await using busy = await dial(served.server)
    busy.socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
    await expect.poll(() => served.server.counts).toMatchObject({ active: 2, requests: 1 })
    const closed = served[Symbol.asyncDispose]()
    gate.resolve()
    expect(await busy.text()).toMatch(/done$/)
    expect(await idle.text()).toBe('')
    await closed
    expect(served.server.counts.active).toBe(0)
  })

  it('serves TLS with a promised certificate, to those who came before it too', async () => {
    const identity = Promise.withResolvers<RestIdentity>()
    const listen = [{ address: '127.0.0.1', port: 0, identity: identity.promise }]
    await using served = await serve({ listen })
    const early = getOverTls(served.server)
    await expect.poll(() => served.server.counts.accepted).toBe(1)
    identity.resolve(await makeIdentity())
    expect(await early).toBe('plain')
    expect(await getOverTls(served.server)).toBe('plain')
  })

  it('takes the ciphers that it is given for TLS up to 1.2', async () => {
    const identity = await makeIdentity()
    const ciphers = 'ECDHE-ECDSA-AES128-SHA256'
    await using served = await serve({
      listen: [{ address: '127.0.0.1', port: 0, identity, ciphers }],
    })
    const { port } = served.server.addresses[0]!
    const cipherUpTo = async (maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> => {
      const socket = connectTls({ port, host: '127.0.0.1', maxVersion, rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      const { name } = socket.getCipher()
      socket.destroy()
      return name
    }
    expect(await cipherUpTo('TLSv1.2')).toBe(ciphers)
    expect(await cipherUpTo('TLSv1.3')).toMatch(/^TLS_/)
  })

  it('closes TLS connections when there is no certificate in the end, and can be closed meanwhile', async () => {
    const identity = Promise.withResolvers<RestIdentity>()
    const served = await serve({
      listen: [{ address: '127.0.0.1', port: 0, identity: identity.promise }],
    })
    const early = getOverTls(served.server)
    const failed = expect(early).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect.poll(() => served.server.counts.accepted).toBe(1)
    identity.reject(new Error('no certificate'))
    await failed
    await served[Symbol.asyncDispose]()

    const waiting = await serve({
      listen: [{ address: '127.0.0.1', port: 0, identity: new Promise(() => {}) }],
    })
    await using client = await dial(waiting.server)
    await expect.poll(() => waiting.server.counts.accepted).toBe(1)
    await waiting[Symbol.asyncDispose]()
    expect(await client.text()).toBe('')
  })
})

interface Client extends AsyncDisposable {
  readonly socket: Socket
  /** Everything received until the other end closes. */
  text(): Promise<string>
}

async function dial(server: RestServer): Promise<Client> {
  const socket = connect(server.addresses[0]?.port ?? 0, '127.0.0.1')
  await once(socket, 'connect')
  socket.on('error', () => {})
  return {
    socket,
    text: async () => (await socket.setEncoding('utf8').toArray()).join(''),
    [Symbol.asyncDispose]: async () => void socket.destroy(),
  }
}

/** The head of a request whose client waits to be told to continue. */
function patientHead(path: string, length: number): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n` +
    `Expect: 100-continue\r\nContent-Length: ${length}\r\n`
  )
}

async function getOverTls(server: RestServer): Promise<string> {
  const { port } = server.addresses[0] ?? {}
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/text', rejectUnauthorized: false, agent: false },
      (response) =>
        resolve(
          response
            .setEncoding('utf8')
            .toArray()
            .then((all) => all.join('')),
        ),
    )
    sent.on('error', reject)
    sent.end()
  })
}

async function makeIdentity(): Promise<RestIdentity> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-rest-'))
  const [key, certificate] = [join(folder.path, 'key'), join(folder.path, 'certificate')]
  const made =
    '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'
  const files = ['-keyout', key, '-out', certificate]
  await promisify(execFile)('openssl', ['req', ...made.split(' '), ...files])
  return {
    certificate: await readFile(certificate, 'utf8'),
    privateKey: await readFile(key, 'utf8'),
  }
}
