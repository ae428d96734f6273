import { describe, expect, it } from 'vitest'
import { parseAttributes, parseText } from './message.ts'
import { setNetem, setTokenBucket } from './shaping-requests.ts'

const link = { name: 'eth0', index: 101 }

function parts(body: Uint8Array) {
  const bytes = Buffer.from(body)
  const attributes = parseAttributes(bytes.subarray(20))
  return {
    index: bytes.readInt32LE(4),
    parent: bytes.readUInt32LE(12),
    kind: parseText(attributes.get(1) ?? Buffer.alloc(0)),
    options: attributes.get(2) ?? Buffer.alloc(0),
  }
}

describe(setNetem, () => {
  it('puts what is asked where linux/pkt_sched.h has it', () => {
    const asked = { delayMs: 50.5, jitterMs: 10, loss: 0.5, reorder: 0.25, duplicate: 0.125 }
    const settings = { ...asked, rate: 8e6, seed: 7 }
    const { index, parent, kind, options } = parts(setNetem(link, settings).body)
    expect({ index, parent, kind }).toEqual({ index: 101, parent: 0xffffffff, kind: 'netem' })
    // struct tc_netem_qopt: latency, limit, loss, gap, duplicate, jitter.
    expect(options.readUInt32LE(8)).toBe(0x80000000)
    expect(options.readUInt32LE(12)).toBe(1)
    expect(options.readUInt32LE(16)).toBe(0x20000000)
    const nested = parseAttributes(options.subarray(24))
    expect(nested.get(10)?.readBigInt64LE()).toBe(50_500_000n)
    expect(nested.get(11)?.readBigInt64LE()).toBe(10_000_000n)
    expect(nested.get(3)?.readUInt32LE()).toBe(0x40000000)
    expect(nested.get(6)?.readUInt32LE()).toBe(1_000_000)
    expect(nested.get(14)?.readBigUInt64LE()).toBe(7n)
  })

  it('says nothing of a rate or an order that is not asked for', () => {
    const asked = { delayMs: 1, jitterMs: 0, loss: 0, reorder: 0, duplicate: 0 }
    const settings = { ...asked, rate: undefined, seed: 1 }
    const { options } = parts(setNetem(link, settings).body)
    expect([...parseAttributes(options.subarray(24)).keys()]).toEqual([10, 11, 14])
    expect(options.readUInt32LE(12)).toBe(0)
    expect(options.readUInt32LE(16)).toBe(0)
  })
})

describe(setTokenBucket, () => {
  it('turns bits into bytes and leaves room for what waits', () => {
    const { kind, options } = parts(setTokenBucket(link, 8e6).body)
    const nested = parseAttributes(options)
    expect(kind).toBe('tbf')
    expect(nested.get(1)?.readUInt32LE(8)).toBe(1_000_000)
    expect(nested.get(6)?.readUInt32LE()).toBe(3_100)
    expect(nested.get(1)?.readUInt32LE(24)).toBe(403_100)
  })
})
