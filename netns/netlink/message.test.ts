import { describe, expect, it } from 'vitest'
import {
  attribute,
  encodeRequests,
  NLMSG_ERROR,
  parseAttributes,
  parseError,
  parseMessages,
  parseText,
} from './message.ts'

describe('attribute', () => {
  it('counts its own length without the padding that follows', () => {
    expect(attribute(3, 'lo')).toEqual(Buffer.from([7, 0, 3, 0, 0x6c, 0x6f, 0, 0]))
  })

  it('takes a number for 32 bits in host order', () => {
    expect(attribute(10, 0x0102)).toEqual(Buffer.from([8, 0, 10, 0, 2, 1, 0, 0]))
  })

  it('nests, and is read back without the flag for nesting', () => {
    const nested = attribute(18 | 0x8000, [attribute(1, 'veth'), attribute(2, 7)])
    const inner = parseAttributes(parseAttributes(nested).get(18) ?? Buffer.alloc(0))
    expect(parseText(inner.get(1) ?? Buffer.alloc(0))).toBe('veth')
    expect(inner.get(2)?.readUInt32LE()).toBe(7)
  })
})

describe('encodeRequests', () => {
  it('numbers requests and asks for one acknowledgement, of the last', () => {
    const request = { operation: 'test', type: 16, flags: 0x600, body: Buffer.from([1, 2, 3]) }
    const messages = parseMessages(encodeRequests([request, request], 41))
    expect(messages.map(({ type, flags, sequence }) => [type, flags, sequence])).toEqual([
      [16, 0x601, 41],
      [16, 0x605, 42],
    ])
    expect(messages.map(({ body }) => [...body])).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ])
  })
})

describe('parseMessages', () => {
  it('refuses a message longer than its datagram', () => {
    const bytes = encodeRequests([{ operation: '', type: 1, flags: 0, body: Buffer.alloc(8) }], 1)
    expect(() => parseMessages(bytes.subarray(0, 20))).toThrow('does not fit its datagram')
  })
})

describe('parseError', () => {
  const errno = Buffer.alloc(4)
  errno.writeInt32LE(-17)

  it('reads the errno, and no words where the kernel adds none', () => {
    const body = Buffer.concat([errno, Buffer.alloc(16)])
    expect(parseError({ type: NLMSG_ERROR, flags: 0x100, sequence: 1, body })).toEqual({
      errno: 17,
      detail: undefined,
    })
  })

  it.each([
    ['cut to its header', 0x300, 0],
    ['whole', 0x200, 8],
  ])('finds the words behind a request that is repeated %s', (_, flags, payload) => {
    const request = Buffer.alloc(16 + payload)
    request.writeUInt32LE(request.length)
    const body = Buffer.concat([errno, request, attribute(1, 'already there')])
    expect(parseError({ type: NLMSG_ERROR, flags, sequence: 1, body })).toEqual({
      errno: 17,
      detail: 'already there',
    })
  })
})
