import { spawnSync } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { runInNamespace } from '#netns/command.ts'
import { NetworkNamespace } from '#netns/namespace.ts'
import { openPacketSocket } from '#netns/packets/packet-socket.ts'
import { openCapture, type Capture, type CapturedPackets } from './capture.ts'
import { findServerName } from './client-hello.ts'
import { mergePackets } from './merge-packets.ts'
import { encodePcapng } from './pcapng/encode-pcapng.ts'
import { parseTcpSegment } from './tcp-segment.ts'

describe('openCapture', () => {
  it('shows a connection that was made right before it was asked', async () => {
    await using yard = await openYard()
    await using capture = await yard.capture()
    for (let attempt = 1; attempt <= 5; attempt++) {
      await yard.run(['bash', '-c', serveAndAsk('127.0.0.5', 9000 + attempt, '')])
      const connections = await capture.connections()
      expect(connections.filter(({ outcome }) => outcome === 'closed')).toHaveLength(attempt)
    }
  })

  it('shows what was refused, and nothing of itself', async () => {
    await using yard = await openYard()
    await using capture = await yard.capture()
    expect(await capture.connections()).toEqual([])
    await yard.run(['ncat', '--source', '127.0.0.2', '127.0.0.5', '7'])
    expect(await capture.connections()).toMatchObject([
      { client: { address: '127.0.0.2' }, server: { port: 7 }, outcome: 'refused' },
    ])
  })

  it('loses nothing of a burst that comes while its process is busy', async () => {
    await using yard = await openYard()
    await using capture = await yard.capture()
    const dials = 2_000
    const dial = `i=0; while [ $i -lt ${dials} ]; do : </dev/tcp/127.0.0.1/7; i=$((i+1)); done 2>/dev/null`
    const burst = yard.run(['bash', '-c', `${dial}; true`])
    for (let over = false; !over;) {
      const until = performance.now() + 50
      while (performance.now() < until);
      over = (await Promise.race([burst, setImmediate('busy')])) !== 'busy'
    }
    expect(await capture.connections()).toHaveLength(dials)
  })

  it('forgets the oldest packets when there are too many, and says so to whoever asks for them', async () => {
    await using yard = await openYard()
    await using capture = await yard.capture({ keepBytes: 6_000_000 })
    const send = (kilobytes: number): Promise<unknown> =>
      yard.run(['bash', '-c', serveAndTake('127.0.0.5', 9000, kilobytes)])
    // Of each packet 16 000 bytes at most are kept, and how long packets are is the kernel's affair: of what is sent, a
    // quarter at least is kept, and all of it at most.
    await send(2_500)
    await send(2_500)
    const found = await capture.connections()
    expect(found.map(({ toClient }) => toClient.bytes)).toEqual([2_500 * 1024, 2_500 * 1024])
    await send(40_000)
    await expect(capture.connections()).rejects.toThrow(
      'The capture of lo is not whole: there were more packets than 6000000 bytes hold.',
    )
    // What came last is still there, and whole.
    await send(10)
    const later = Date.now()
    await send(11)
    const newest = await capture.connections({ sinceMs: later })
    expect(newest.map(({ toClient }) => toClient.bytes)).toEqual([11 * 1024])
  })

  it('shows each of several callers at once all that has crossed', async () => {
    await using yard = await openYard()
    await using capture = await yard.capture()
    await yard.run(['ncat', '127.0.0.5', '7'])
    const seen = await Promise.all(Array.from({ length: 4 }, () => capture.connections()))
    expect(seen.map(({ length }) => length)).toEqual([1, 1, 1, 1])
  })
})

describe.skipIf(spawnSync('tshark', ['--version']).error)('the readers, beside tshark', () => {
  it('read the same addresses, numbers, flags, lengths and server names', async () => {
    await using yard = await openYard()
    await using capture = await yard.capture()
    await yard.run(['bash', '-c', serveAndAsk('127.0.0.5', 9000, '')])
    await yard.run(['bash', '-c', serveAndAsk('::1', 9001, '')])
    await yard.run(['bash', '-c', serveAndAsk('127.0.0.1', 9002, '--ssl')])
    await yard.run(['ncat', '127.0.0.5', '7'])
    const connections = await capture.connections()
    expect(connections.map(({ outcome }) => outcome)).toContain('refused')

    const fields = 'ip.src ipv6.src tcp.srcport tcp.dstport tcp.seq_raw tcp.len'.split(' ')
    const flags = 'syn ack fin reset'.split(' ').map((flag) => `tcp.flags.${flag}`)
    const names = ['tls.handshake.extensions_server_name']
    const wanted = [...fields, ...flags, ...names].flatMap((field) => ['-e', field])
    const options = ['-Y', 'tcp', '-T', 'fields', '-E', 'separator=,', '-d', 'tcp.port==9002,tls']
    const { linkType, frames } = await capture.packets()
    const links = [{ linkType, frames, link: 'lo', interface: 'lo', namespace: 'test' }]
    const file = mergePackets(links, { comments: [], remarks: [], keyLog: '' })
    await writeFile(yard.file, encodePcapng(file))
    const tshark = spawnSync('tshark', ['-r', yard.file, ...options, ...wanted], {
      encoding: 'utf8',
    })
    const ours = renderSegments({ linkType, frames })
    expect(ours.length).toBeGreaterThan(20)
    expect(ours).toEqual(tshark.stdout.trimEnd().split('\n').slice(0, ours.length))
    expect(ours.join('\n')).toContain('localhost')
  })
})

interface Yard extends AsyncDisposable {
  run(argv: readonly [string, ...string[]]): Promise<unknown>
  readonly file: string
  capture(options?: { readonly keepBytes?: number }): Promise<Capture>
}

async function openYard(): Promise<Yard> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), 'capture-')))
  const namespace = stack.use(NetworkNamespace.create())
  const run: Yard['run'] = async (argv) => runInNamespace(namespace, argv)
  await run(['ip', 'link', 'set', 'lo', 'up'])
  const owned = stack.move()
  return {
    run,
    file: join(folder.path, 'lo.pcapng'),
    capture: (options) =>
      openCapture(openPacketSocket(namespace, 'lo'), { interface: 'lo', ...options }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A shell script in which ncat answers once, and ncat asks as soon as it listens. */
function serveAndAsk(address: string, port: number, flag: string): string {
  return `
    coproc server { exec ncat -v ${flag} --listen ${address} ${port} --sh-exec 'echo hello' 2>&1; }
    until read -r line <&"\${server[0]}" && [[ $line == *"Listening on"* ]]; do :; done
    ncat ${flag} --recv-only ${address === '127.0.0.1' ? 'localhost' : address} ${port}
    wait`
}

/** A client that is sent so many bytes. */
function serveAndTake(address: string, port: number, kilobytes: number): string {
  return serveAndAsk(address, port, '').replace('echo hello', `head -c ${kilobytes}K /dev/zero`)
}

function renderSegments({ linkType, frames }: CapturedPackets): string[] {
  return frames.flatMap(({ bytes }) => {
    const segment = parseTcpSegment(linkType, bytes)
    if (segment === undefined) return []
    const { source, destination, syn, ack, fin, rst } = segment
    const isIpv6 = source.address.includes(':')
    return [
      [
        isIpv6 ? '' : source.address,
        isIpv6 ? source.address : '',
        source.port,
        destination.port,
        segment.sequence,
        segment.payloadLength,
        ...[syn, ack, fin, rst].map((flag) => (flag ? 1 : 0)),
        findServerName(segment.payload) ?? '',
      ].join(','),
    ]
  })
}
