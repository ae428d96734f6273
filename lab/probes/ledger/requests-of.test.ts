import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeCanary } from '#lab/probes/canary.ts'
import { ethernet, pcap, type PacketSpec } from '#lab/probes/packet-builder.ts'
import { parsePcap } from '#lab/probes/pcap.ts'
import { findTcpConnections } from '#lab/probes/tcp-flows.ts'
import { splitHttpRequests } from './http-messages.ts'
import { requestsOf } from './requests-of.ts'

const [one, two] = [makeCanary(), makeCanary()]
const get = (id: string): string =>
  `GET / HTTP/1.1\r\nHost: a\r\nX-Canary: ${id}\r\nUser-Agent: ${id}\r\n\r\n`
const post = (id: string, body: string): string =>
  `POST /x HTTP/1.1\r\nX-Canary: ${id}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const chunked = (id: string, body: string): string =>
  `POST /x HTTP/1.1\r\nX-Canary: ${id}\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)};x=y\r\n${body}\r\n0\r\nA: b\r\n\r\n`

describe(splitHttpRequests, () => {
  it('finds where each request ends, whatever its body holds, and whether the last one is whole', () => {
    const body = fc.string({ unit: 'binary-ascii', minLength: 1 })
    const request = fc.oneof(
      fc.constant(get(one)),
      body.map((text) => post(one, `GET / HTTP/1.1\r\n\r\n${text}`)),
      body.map((text) => chunked(two, `${text}\r\n0\r\n\r\n`)),
    )
    fc.assert(
      fc.property(fc.array(request, { minLength: 1 }), fc.nat(), (requests, cut) => {
        const whole = requests.join('')
        const found = splitHttpRequests(Buffer.from(whole))
        expect(found?.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(requests)
        expect(found?.every(({ complete }) => complete)).toBe(true)
        const last = requests.at(-1) ?? ''
        const end = whole.length - 1 - (cut % (last.length - 1))
        const short = splitHttpRequests(Buffer.from(whole.slice(0, end)))
        expect(short?.filter(({ complete }) => complete).length ?? 0).toBe(requests.length - 1)
      }),
    )
  })

  it('leaves what follows another protocol to the request that asked for it', () => {
    const upgrade =
      'GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello'
    expect(splitHttpRequests(Buffer.from(upgrade))).toHaveLength(1)
  })

  it('does not take other bytes for HTTP', () => {
    expect(splitHttpRequests(Buffer.from('hello\r\n'))).toBeUndefined()
    expect(splitHttpRequests(Buffer.from([22, 3, 1, 0, 5]))).toBeUndefined()
  })
})

describe(requestsOf, () => {
  it('counts a request once however often it names its id, and each request of a connection', () => {
    expect(read([get(one), post(two, one), get(one)])).toEqual([
      `${one} at 1001`,
      `${two} at 2002`,
      `${one} at 2002`,
      `${one} at 3003`,
    ])
  })

  it('has a request without an id as one without', () => {
    expect(read(['GET / HTTP/1.1\r\n\r\n', get(two)])).toEqual([
      'undefined at 1001',
      `${two} at 2002`,
    ])
  })

  it('counts in a stream how often an id is said, also across packets', () => {
    expect(read([`${one}\n${two.slice(0, 9)}`, `${two.slice(9)}\n`, one])).toEqual([
      `${one} at 1001`,
      `${two} at 1001`,
      `${one} at 3003`,
    ])
    expect(read(['hello', ' there'])).toEqual(['undefined at 1001'])
  })

  it('has none on a connection whose client says nothing', () => {
    expect(read([])).toEqual([])
  })

  it('reads what TLS kept secret, and names the packet of the record', () => {
    const { toServer } = connection(['0123456789', 'abcdefghij'])
    const content = {
      toServer: [
        { bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n'), offset: 0 },
        { bytes: Buffer.from(get(one)), offset: 10 },
      ],
    }
    const found = requestsOf({ toServer, content })
    expect(found.map(({ id, frame }) => [id, frame?.atMs])).toEqual([
      [undefined, 1001],
      [one, 2002],
    ])
  })
})

/** Frame n is taken at second n and n ms; the SYN is frame 0. */
function read(parts: readonly string[]): readonly string[] {
  const { toServer } = connection(parts)
  return requestsOf({ toServer, content: undefined }).map(
    ({ id, frame }) => `${id} at ${frame?.atMs}`,
  )
}

function connection(parts: readonly string[]): ReturnType<typeof findTcpConnections>[number] {
  let sequence = 1
  const packets: PacketSpec[] = [{ sequence: 0, flags: 'S' }]
  for (const payload of parts) {
    packets.push({ sequence, flags: 'PA', payload })
    sequence += payload.length
  }
  const { linkType, frames } = parsePcap(pcap(packets.map((packet) => ethernet(packet))))
  const [found] = findTcpConnections(linkType, frames)
  if (found === undefined) throw new Error('no connection')
  return found
}
