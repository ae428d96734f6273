import { spawnSync } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ethernet } from '#lab/probes/packet-builder.ts'
import { encodePcapng } from './encode-pcapng.ts'
import { parsePcapng } from './parse-pcapng.ts'
import type { PcapngFile } from './pcapng.ts'

const sample: PcapngFile = {
  comments: ['kong/mutual-tls on sidecars', 'a second comment, with an ü'],
  application: 'meshyard',
  interfaces: [
    { name: 'a', description: 'service-a to kong-a', linkType: 1, snapLength: 16_000 },
    { name: 'mesh', description: undefined, linkType: 1, snapLength: 0 },
  ],
  keyLog: '',
  packets: [
    packet(0, 1_795_000_000_123_456_789n, { payload: 'one' }, ['step 1: curl']),
    packet(1, 1_795_000_000_123_456_790n, { payload: 'three' }, []),
    packet(0, 1_795_000_001_000_000_001n, { family: 6, payload: 'x' }, ['a', 'b']),
  ],
}

function packet(
  index: number,
  atNs: bigint,
  spec: Parameters<typeof ethernet>[0],
  comments: readonly string[],
): PcapngFile['packets'][number] {
  const bytes = new Uint8Array(ethernet(spec))
  return { interface: index, atNs, bytes, originalLength: bytes.length, comments }
}

const plain = (file: PcapngFile): PcapngFile => ({
  ...file,
  packets: file.packets.map((each) => ({ ...each, bytes: new Uint8Array(each.bytes) })),
})

const text = fc.string({ unit: 'grapheme', maxLength: 40 })
const anyFile: fc.Arbitrary<PcapngFile> = fc.record({
  comments: fc.array(text, { maxLength: 3 }),
  application: fc.option(text, { nil: undefined }),
  interfaces: fc.array(
    fc.record({
      name: fc.option(text, { nil: undefined }),
      description: fc.option(text, { nil: undefined }),
      linkType: fc.constantFrom(1, 276, 0),
      snapLength: fc.nat(262_144),
    }),
    { minLength: 3, maxLength: 3 },
  ),
  keyLog: text,
  packets: fc.array(
    fc
      .record({
        interface: fc.nat(2),
        atNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        bytes: fc.uint8Array({ maxLength: 70 }),
        cut: fc.nat(9),
        comments: fc.array(text, { maxLength: 2 }),
      })
      .map(({ cut, ...rest }) => ({ ...rest, originalLength: rest.bytes.length + cut })),
    { maxLength: 6 },
  ),
})

describe('parsePcapng', () => {
  it('reads back whatever encodePcapng writes', () => {
    fc.assert(
      fc.property(anyFile, (file) => {
        const { cut, ...read } = parsePcapng(encodePcapng(file))
        expect(cut).toBe(false)
        expect(plain(read)).toEqual(file)
      }),
    )
  })

  it('reads the other byte order, µs, powers of two, offsets, simple packets and several sections', () => {
    const big = bigEndianFile()
    const { interfaces, packets } = parsePcapng(Buffer.concat([encodePcapng(sample), big]))
    expect(interfaces).toHaveLength(4)
    expect(packets.slice(3).map(({ interface: index, atNs }) => [index, atNs])).toEqual([
      [2, 1_500_000n],
      [3, 100_500_000_000n],
      [2, 0n],
    ])
    expect(packets.slice(3).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      'abc',
      'defgh',
      'simple',
    ])
  })

  it('keeps the whole packets of a file that is still being written', () => {
    const whole = Buffer.from(encodePcapng(sample))
    const firstBlock = whole.readUInt32LE(4)
    let most = 0
    for (let length = firstBlock; length < whole.length; length++) {
      const read = parsePcapng(whole.subarray(0, length))
      expect(read.packets.length).toBeGreaterThanOrEqual(most)
      most = read.packets.length
    }
    expect(most).toBe(2)
  })

  it('refuses what is no pcapng file, and says what it saw', () => {
    expect(() => parsePcapng(Buffer.from('tcpdump'))).toThrow('it has 7 bytes')
    expect(() => parsePcapng(Buffer.alloc(24))).toThrow('it begins with 0x0')
    const file = Buffer.from(encodePcapng(sample))
    file.writeUInt32LE(0, 8)
    expect(() => parsePcapng(file)).toThrow('a section without the byte-order magic at byte 0')
  })

  it('reads any damaged file without an error other than SyntaxError', () => {
    const whole = encodePcapng({ ...sample, keyLog: 'CLIENT_RANDOM 00 00\n' })
    const change = fc.tuple(fc.nat(), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat(), (changes, cut) => {
        const file = Buffer.from(whole)
        for (const [at, to] of changes) file[at % file.length] = to
        try {
          parsePcapng(file.subarray(0, file.length - (cut % 40)))
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

describe.skipIf(spawnSync('tshark', ['--version']).error)('encodePcapng, beside tshark', () => {
  it('writes interfaces, times, comments and packets that tshark reads as they are', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'pcapng-'))
    const file = join(folder.path, 'sample.pcapng')
    await writeFile(file, encodePcapng(sample))
    const fields = ['frame.interface_name', 'frame.time_epoch', 'frame.len', 'frame.comment']
    const wanted = fields.flatMap((field) => ['-e', field])
    const { stdout } = spawnSync(
      'tshark',
      ['-r', file, '-T', 'fields', '-E', 'separator=;', '-E', 'aggregator=+', ...wanted],
      { encoding: 'utf8' },
    )
    expect(stdout.trimEnd().split('\n')).toEqual([
      `a;1795000000.123456789;${sample.packets[0]?.bytes.length};step 1: curl`,
      `mesh;1795000000.123456790;${sample.packets[1]?.bytes.length};`,
      `a;1795000001.000000001;${sample.packets[2]?.bytes.length};a+b`,
    ])
  })
})

/** A section as another program may write it, put together by hand. */
function bigEndianFile(): Buffer {
  const words = (...values: readonly number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index)
    return bytes
  }
  const block = (type: number, body: Buffer): Buffer =>
    Buffer.concat([words(type, body.length + 12), body, words(body.length + 12)])
  const fill = (value: string): Buffer =>
    Buffer.concat([Buffer.from(value), Buffer.alloc((4 - (value.length % 4)) % 4)])
  return Buffer.concat([
    block(0x0a0d0d0a, words(0x1a2b3c4d, 0x10000, 0xffffffff, 0xffffffff)),
    block(1, words(0x10000, 0)),
    // Half seconds: 2 to the power of -1, counted from second 100.
    block(1, words(0x10000, 0, 0x90001, 0x81000000, 0xe0008, 0, 100, 0)),
    block(0xbad, words(1, 2, 3)),
    block(6, Buffer.concat([words(0, 0, 1_500, 3, 3), fill('abc')])),
    block(6, Buffer.concat([words(1, 0, 1, 5, 5), fill('defgh')])),
    block(3, Buffer.concat([words(6), fill('simple')])),
  ])
}
