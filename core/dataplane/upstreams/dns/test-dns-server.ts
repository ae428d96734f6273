import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIPv6, type Server } from 'node:net'
import { portOf } from '#core/base/loopback-ports.ts'

/** What the server says to a question; `silence` = nothing, `truncated` = over UDP, that it does not fit. */
export type TestAnswer =
  | readonly TestRecord[]
  | 'silence'
  | 'no-such-name'
  | 'server-failure'
  | 'garbage'
  | { readonly truncated: readonly TestRecord[] }

export interface TestRecord {
  /** Default: the name that was asked for. */
  readonly name?: string
  readonly ttl?: number
  readonly a?: string
  readonly aaaa?: string
  readonly cname?: string
  readonly srv?: readonly [priority: number, weight: number, port: number, target: string]
}

export interface TestDnsServer extends AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:port`. */
  readonly address: string
  /** What was asked, as `udp A www.test`. */
  readonly questions: string[]
  /** Answers by `A www.test`; of a name with other types: no records; of other names: there is no such name. */
  readonly zone: Map<string, TestAnswer>
}

const typeNames = new Map([
  [1, 'A'],
  [5, 'CNAME'],
  [28, 'AAAA'],
  [33, 'SRV'],
])

/** A name server on a loopback port, over UDP and TCP. */
export async function openTestDnsServer(
  zone: Readonly<Record<string, TestAnswer>> = {},
): Promise<TestDnsServer> {
  const answers = new Map(Object.entries(zone))
  const questions: string[] = []
  const { tcp, udp, port } = await bindBoth()
  udp.on('message', (message, from) => {
    const reply = respond(message, 'udp')
    if (reply !== undefined) udp.send(reply, from.port, from.address)
  })
  tcp.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes: Buffer) => {
      const reply = respond(bytes.subarray(2), 'tcp')
      if (reply === undefined) return void socket.destroy()
      const length = Buffer.alloc(2)
      length.writeUInt16BE(reply.length)
      // In two pieces, as a network may deliver it.
      socket.write(Buffer.concat([length, reply.subarray(0, 5)]))
      setImmediate(() => socket.end(reply.subarray(5)))
    })
  })

  function respond(message: Buffer, over: 'udp' | 'tcp'): Buffer | undefined {
    const { name, type, end } = readQuestion(message)
    const key = `${typeNames.get(type) ?? type} ${name}`
    questions.push(`${over} ${key}`)
    const exists = [...answers.keys()].some((each) => each.endsWith(` ${name}`))
    const answer = answers.get(key) ?? (exists ? [] : 'no-such-name')
    if (answer === 'silence') return undefined
    if (answer === 'garbage')
      return Buffer.concat([message.subarray(0, 2), Buffer.from([0x80, 0, 7])])
    const head = Buffer.from(message.subarray(0, end))
    const records = Array.isArray(answer) ? (answer as readonly TestRecord[]) : truncatedOf(answer)
    const cut = over === 'udp' && typeof answer === 'object' && 'truncated' in answer
    const code = answer === 'no-such-name' ? 3 : answer === 'server-failure' ? 2 : 0
    head.writeUInt16BE(0x81_80 | (cut ? 0x02_00 : 0) | code, 2)
    head.writeUInt16BE(cut ? 0 : records.length, 6)
    return Buffer.concat([head, ...(cut ? [] : records.map(renderRecord))])
  }

  return {
    port,
    address: `127.0.0.1:${port}`,
    questions,
    zone: answers,
    [Symbol.asyncDispose]: async () => {
      udp.close()
      tcp.close()
      await Promise.all([once(udp, 'close'), once(tcp, 'close')])
    },
  }
}

function truncatedOf(answer: TestAnswer): readonly TestRecord[] {
  return typeof answer === 'object' && 'truncated' in answer ? answer.truncated : []
}

/** The kernel gives TCP a free port; somebody else may hold the same one on UDP. */
async function bindBoth(): Promise<{ tcp: Server; udp: Socket; port: number }> {
  for (;;) {
    const tcp = createServer().listen(0, '127.0.0.1')
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    await once(tcp, 'listening')
    const port = portOf(tcp)
    const udp = createSocket('udp4')
    udp.bind(port, '127.0.0.1')
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      await once(udp, 'listening')
      return { tcp, udp, port }
    } catch {
      tcp.close()
    }
  }
}

function readQuestion(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  while (message[at] !== 0) {
    const length = message[at]!
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at + 1), end: at + 5 }
}

function renderRecord(record: TestRecord): Buffer {
  const [type, data] = dataOf(record)
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(record.ttl ?? 60, 4)
  fixed.writeUInt16BE(data.length, 8)
  // The question's name is at byte 12.
  const name = record.name === undefined ? Buffer.from([0xc0, 12]) : renderName(record.name)
  return Buffer.concat([name, fixed, data])
}

function dataOf({ a, aaaa, cname, srv }: TestRecord): readonly [type: number, data: Buffer] {
  if (a !== undefined) return [1, Buffer.from(a.split('.').map(Number))]
  if (aaaa !== undefined) return [28, ipv6Bytes(aaaa)]
  if (cname !== undefined) return [5, renderName(cname)]
  const [priority, weight, port, target] = srv!
  const numbers = Buffer.alloc(6)
  numbers.writeUInt16BE(priority, 0)
  numbers.writeUInt16BE(weight, 2)
  numbers.writeUInt16BE(port, 4)
  return [33, Buffer.concat([numbers, renderName(target)])]
}

function ipv6Bytes(text: string): Buffer {
  if (!isIPv6(text)) throw new Error(`${text} is not IPv6`)
  const [head = '', tail] = text.split('::')
  const [left = [], right = []] = [head, tail].map((part) => (part ? part.split(':') : []))
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  const bytes = Buffer.alloc(16)
  for (const [i, group] of [...left, ...zeros, ...right].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * i)
  }
  return bytes
}

function renderName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.')
  return Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ])
}
