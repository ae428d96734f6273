import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runInNamespace, type CommandResult, spawnInNamespace } from '#netns/command.ts'
import { NetworkNamespace } from '#netns/namespace.ts'
import { makeCertificate } from '#lab/services/certificate.ts'
import { findCanary, makeCanary } from './canary.ts'
import { openPacketSocket } from '#netns/packets/packet-socket.ts'
import { openCapture } from './capture.ts'
import type { LinkPackets } from './link-captures.ts'
import { mergePackets } from './merge-packets.ts'
import { encodePcapng } from './pcapng/encode-pcapng.ts'
import { readWire, type Wire } from './wire.ts'

const echo = fileURLToPath(new URL('../services/main.ts', import.meta.url))
const address = '127.0.0.5'
const ports = { http: 18000, https: 18443, tcp: 19000, tls: 19443 }

describe('readWire', () => {
  it('tells TLS from mutual TLS and finds a secret in plaintext where there is any', async () => {
    await using yard = await openYard()
    const canary = makeCanary()
    for (const tls of ['1.2', '1.3']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, to tell them apart
      await yard.curl(canary, `https://${address}:18443/`, '--tls-max', tls)
    }
    await yard.curl(canary, `https://${address}:18443/`, ...yard.identity)
    await yard.curl(canary, `http://${address}:18000/`)
    const { hops } = await yard.look()
    expect(
      hops.map(({ record: { payload, tls } }) => [
        payload,
        tls?.version,
        tls?.alpn,
        tls?.clientCertificate?.subject,
        tls?.established,
      ]),
    ).toEqual([
      ['tls', 'TLS 1.2', 'http/1.1', undefined, true],
      ['tls', 'TLS 1.3', 'http/1.1', undefined, true],
      ['tls', 'TLS 1.3', 'http/1.1', 'CN=client', true],
      ['plaintext', undefined, undefined, undefined, undefined],
    ])
    const sightings = hops.map(({ connection, tls }) =>
      findCanary(canary, { ...connection, content: tls?.content }),
    )
    // The service answers with what it was asked.
    const both = (as: string): readonly string[] => [`${as} toServer`, `${as} toClient`]
    expect(sightings.map((each) => each.map(({ as, direction }) => `${as} ${direction}`))).toEqual([
      both('decrypted'),
      both('decrypted'),
      both('decrypted'),
      both('plaintext'),
    ])
  })

  it('reads a connection that was opened earlier from its beginning', async () => {
    await using yard = await openYard()
    const open = yard.openConnection()
    await open.ask('first')
    const sinceMs = Date.now()
    await open.ask('second')
    const { hops } = await yard.look({ sinceMs })
    open.end()
    expect(hops).toMatchObject([{ record: { tls: { version: 'TLS 1.3', established: true } } }])
    const { hops: later } = await yard.look({ sinceMs: Date.now() + 60_000 })
    expect(later).toEqual([])
  })
})

describe.skipIf(spawnSync('tshark', ['--version']).error)('readWire, beside tshark', () => {
  it('reads the same names, versions, protocols and certificates, and tshark opens the file with the keys in it', async () => {
    await using yard = await openYard()
    const canary = makeCanary()
    const clients = [
      ['--tls-max', '1.2'],
      ['--tls-max', '1.3'],
      ['--tls-max', '1.2', ...yard.identity],
      ['--tls-max', '1.3', ...yard.identity],
      ['--ciphers', 'ECDHE-ECDSA-CHACHA20-POLY1305', '--tls-max', '1.2'],
      ['--tls13-ciphers', 'TLS_CHACHA20_POLY1305_SHA256'],
      ['--tls13-ciphers', 'TLS_AES_128_GCM_SHA256', ...yard.identity],
    ]
    for (const options of clients) {
      // oxlint-disable-next-line no-await-in-loop
      await yard.curl(canary, 'https://b.test:18443/', ...options)
    }
    const { hops } = await yard.look()
    const file = await yard.merge('the step')
    const asked = tshark(file, 'http.request', ['http.request.line'])
    expect(asked).toHaveLength(clients.length)
    for (const [lines] of asked) expect(lines).toContain(canary)

    const theirs = handshakes(file)
    const ours = hops.map(({ record, tls }) => ({
      serverName: record.serverName,
      version: tls?.version,
      alpn: tls?.alpn,
      server: record.tls?.serverCertificate?.fingerprint,
      client: record.tls?.clientCertificate?.fingerprint,
      first: record.packets?.first,
    }))
    expect(ours).toHaveLength(clients.length)
    expect(ours).toEqual(theirs)
    expect(tshark(file, 'frame.comment', ['frame.comment'])).toEqual([['the step']])
    // tshark takes seconds to start on a busy machine, and is started three times.
  }, 180_000)
})

type Handshake = Readonly<Record<'serverName' | 'version' | 'alpn' | 'server' | 'client', unknown>>

/** One for each TLS connection, as tshark reads them. */
function handshakes(file: string): readonly Handshake[] {
  const fields = [
    ['stream', 'tcp.stream'],
    ['from', 'tcp.srcport'],
    ['types', 'tls.handshake.type'],
    ['serverName', 'tls.handshake.extensions_server_name'],
    ['alpn', 'tls.handshake.extensions_alpn_str'],
    ['supported', 'tls.handshake.extensions.supported_version'],
    ['certificate', 'tls.handshake.certificate'],
  ] as const
  const rows = tshark(
    file,
    'tls.handshake',
    fields.map(([, field]) => field),
  ).map(([stream, from, types, serverName, alpn, supported, certificate]) => ({
    stream: stream ?? '',
    server: from === String(ports.https),
    types: (types ?? '').split(','),
    serverName,
    alpn,
    supported,
    certificate,
  }))
  const first = tshark(file, 'tcp.flags.syn==1 && tcp.flags.ack==0', ['tcp.stream', 'frame.number'])
  return [...Map.groupBy(rows, ({ stream }) => stream)].map(([stream, messages]) => {
    const fromServer = messages.filter(({ server }) => server)
    const fromClient = messages.filter(({ server }) => !server)
    const is13 = fromServer.some(({ supported }) => supported === '0x0304')
    return {
      serverName: fromClient.find(({ serverName }) => serverName !== '')?.serverName,
      version: is13 ? 'TLS 1.3' : 'TLS 1.2',
      alpn: fromServer.find(({ alpn }) => alpn !== '')?.alpn,
      server: fingerprint(fromServer),
      client: fingerprint(fromClient),
      first: Number(first.find(([each]) => each === stream)?.[1]),
    }
  })
}

function fingerprint(
  messages: readonly { readonly certificate?: string | undefined }[],
): string | undefined {
  const der = messages.find(({ certificate }) => certificate !== '')?.certificate
  if (der === undefined) return undefined
  const hash = createHash('sha256').update(Buffer.from(der.replaceAll(':', ''), 'hex'))
  return hash.digest('hex').toUpperCase().match(/../g)?.join(':')
}

function tshark(file: string, filter: string, fields: readonly string[]): (readonly string[])[] {
  const wanted = fields.flatMap((field) => ['-e', field])
  // The keys are in the file; it is told of no others.
  const options = ['-r', file, '-Y', filter, '-T', 'fields', '-E', 'separator=|', ...wanted]
  const { stdout } = spawnSync('tshark', options, { encoding: 'utf8' })
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('|'))
}

interface Yard extends AsyncDisposable {
  /** Options of curl that present a certificate. */
  readonly identity: readonly string[]
  curl(canary: string, url: string, ...options: readonly string[]): Promise<void>
  openConnection(): { ask(line: string): Promise<void>; end(): void }
  look(options?: { readonly sinceMs: number }): Promise<Wire>
  merge(remark: string): Promise<string>
}

/** The echo service and a capture in a namespace of their own. */
async function openYard(): Promise<Yard> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), 'wire-')))
  const inside = (name: string): string => join(folder.path, name)
  const namespace = stack.use(NetworkNamespace.create())
  const keys = inside('keys.log')
  const run = (argv: readonly [string, ...string[]]): Promise<CommandResult> =>
    runInNamespace(namespace, argv, { env: { ...process.env, SSLKEYLOGFILE: keys } })
  await run(['ip', 'link', 'set', 'lo', 'up'])
  const { key, cert } = await makeCertificate('client')
  await Promise.all([writeFile(inside('key'), key), writeFile(inside('cert'), cert)])

  const listening = Object.entries(ports).map(([name, port]) => `--${name}=${port}`)
  const service = spawnInNamespace(
    namespace,
    [process.execPath, echo, `--address=${address}`, ...listening],
    // The service's own secrets; those of curl go to the same file.
    { env: { ...process.env, MESHYARD_KEYLOG: keys }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  stack.defer(async () => {
    service.kill('SIGKILL')
    await once(service, 'exit')
  })
  if (service.stdout === null) throw new Error('stdout is a pipe')
  await once(service.stdout, 'data')

  const capture = stack.use(
    await openCapture(openPacketSocket(namespace, 'lo'), { interface: 'lo' }),
  )
  const packets = async (): Promise<readonly LinkPackets[]> => [
    { ...(await capture.packets()), link: 'lo', interface: 'lo', namespace: 'test' },
  ]
  const keyLog = (): Promise<string> => readFile(keys, 'utf8')
  const owned = stack.move()
  return {
    identity: ['--key', inside('key'), '--cert', inside('cert')],
    curl: async (canary, url, ...options) => {
      const resolve = ['--resolve', `b.test:18443:${address}`]
      const header = ['--header', `X-Canary: ${canary}`]
      const quiet = ['--silent', '--show-error', '--insecure', '--http1.1']
      const result = await run(['curl', ...quiet, ...resolve, ...header, ...options, url])
      expect(result).toMatchObject({ exitCode: 0 })
    },
    openConnection: () => {
      const options = ['-quiet', '-connect', `${address}:${ports.tls}`]
      const client = spawnInNamespace(namespace, ['openssl', 's_client', ...options], {
        stdio: ['pipe', 'pipe', 'ignore'],
      })
      const { stdin, stdout } = client
      if (stdin === null || stdout === null) throw new Error('stdin and stdout are pipes')
      owned.defer(() => {
        client.kill('SIGKILL')
      })
      let heard = ''
      stdout.on('data', (data) => {
        heard += String(data)
      })
      return {
        ask: async (line) => {
          stdin.write(`${line}\n`)
          while (!heard.includes(line)) {
            // oxlint-disable-next-line no-await-in-loop -- until the echo comes back
            await once(stdout, 'data')
          }
        },
        end: () => stdin.end(),
      }
    },
    look: async ({ sinceMs } = { sinceMs: 0 }) =>
      readWire(await packets(), { sinceMs, keyLog: await keyLog(), book: new Map() }),
    merge: async (remark) => {
      const file = inside('merged.pcapng')
      const remarks = [{ atMs: 0, text: remark }]
      const merged = mergePackets(await packets(), {
        comments: [],
        remarks,
        keyLog: await keyLog(),
      })
      await writeFile(file, encodePcapng(merged))
      return file
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
