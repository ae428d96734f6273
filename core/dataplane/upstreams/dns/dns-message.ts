/** Record types this proxy asks for (RFC 1035, section 3.2.2; AAAA: RFC 3596; SRV: RFC 2782). */
export const recordTypes = { A: 1, CNAME: 5, AAAA: 28, SRV: 33 } as const

export type RecordType = keyof typeof recordTypes

export interface Question {
  /** Lower case, without final dot. */
  readonly name: string
  readonly type: RecordType
}

/** One resource record; names in lower case without final dot, `ttl` in s. */
export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME'; readonly target: string }
  | {
      readonly type: 'SRV'
      readonly priority: number
      readonly weight: number
      readonly port: number
      /** Empty = the service is decidedly not offered. */
      readonly target: string
    }
)

export interface DnsResponse {
  readonly id: number
  readonly truncated: boolean
  /** 0 = no error, 3 = the name does not exist. */
  readonly code: number
  readonly question: { readonly name: string; readonly type: number } | undefined
  /** The answer section, without records of other types or classes. */
  readonly answers: readonly DnsRecord[]
}

/** Whether a name fits into a question: labels of 1 to 63 bytes, 253 in all. */
export function isAskable(name: string): boolean {
  return (
    name.length > 0 &&
    name.length <= 253 &&
    /^[\u0021-\u007e]+$/.test(name) &&
    name.split('.').every((label) => label.length > 0 && label.length <= 63)
  )
}

/** A recursive question as bytes. The name is to be askable. */
export function renderQuestion(id: number, { name, type }: Question): Buffer {
  const labels = name.split('.')
  const message = Buffer.alloc(12 + name.length + 2 + 4)
  message.writeUInt16BE(id, 0)
  message.writeUInt16BE(0x01_00, 2)
  message.writeUInt16BE(1, 4)
  let at = 12
  for (const label of labels) {
    message.writeUInt8(label.length, at)
    message.write(label, at + 1, 'latin1')
    at += 1 + label.length
  }
  message.writeUInt16BE(recordTypes[type], at + 1)
  message.writeUInt16BE(1, at + 3)
  return message
}

/** @throws RangeError when the bytes are not a well-formed response (RFC 1035, section 4). */
export function parseResponse(message: Buffer): DnsResponse {
  if (message.length < 12) throw new RangeError('The DNS response is shorter than its header')
  const flags = message.readUInt16BE(2)
  if ((flags & 0x80_00) === 0) throw new RangeError('The DNS message is a question')
  const reader = new Reader(message, 12)
  const questions = message.readUInt16BE(4)
  if (questions > 1) throw new RangeError('The DNS response repeats more than one question')
  const question = questions === 1 ? { name: reader.name(), type: reader.u16() } : undefined
  if (question !== undefined) reader.u16()
  const truncated = (flags & 0x02_00) !== 0
  const head = { id: message.readUInt16BE(0), truncated, code: flags & 0x0f, question }
  // What a truncated answer still contains is not worth reading: it is asked for again over TCP.
  return { ...head, answers: truncated ? [] : readAnswers(reader, message.readUInt16BE(6)) }
}

function readAnswers(reader: Reader, count: number): DnsRecord[] {
  const answers: DnsRecord[] = []
  for (let left = count; left > 0; left--) {
    const record = readRecord(reader)
    if (record !== undefined) answers.push(record)
  }
  return answers
}

function readRecord(reader: Reader): DnsRecord | undefined {
  const name = reader.name()
  const type = reader.u16()
  const recordClass = reader.u16()
  const rawTtl = reader.u32()
  // RFC 2181, section 8: a TTL with the highest bit set counts as 0.
  const ttl = rawTtl > 0x7f_ff_ff_ff ? 0 : rawTtl
  const data = reader.part(reader.u16())
  if (recordClass !== 1) return undefined
  const record = readData(type, data)
  if (record === undefined) return undefined
  data.done()
  return { name, ttl, ...record }
}

function readData(type: number, data: Reader) {
  switch (type) {
    case recordTypes.A:
      return { type: 'A', address: data.bytes(4).join('.') } as const
    case recordTypes.AAAA:
      return { type: 'AAAA', address: ipv6(data.bytes(16)) } as const
    case recordTypes.CNAME:
      return { type: 'CNAME', target: data.name() } as const
    case recordTypes.SRV:
      return {
        type: 'SRV',
        priority: data.u16(),
        weight: data.u16(),
        port: data.u16(),
        target: data.name(),
      } as const
    default:
      return undefined
  }
}

/** As RFC 5952 writes it; an IPv4 address in disguise loses it. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  const text = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
  return text.startsWith('::ffff:') ? bytes.subarray(12).join('.') : text
}

/** Reads forward and never beyond `end`; name pointers may only go back, so that each name ends. */
class Reader {
  readonly #message: Buffer
  readonly #end: number
  #at: number

  constructor(message: Buffer, at: number, end = message.length) {
    this.#message = message
    this.#at = at
    this.#end = end
  }

  u16(): number {
    return this.bytes(2).readUInt16BE()
  }

  u32(): number {
    return this.bytes(4).readUInt32BE()
  }

  bytes(length: number): Buffer {
    const from = this.#at
    if (from + length > this.#end) throw new RangeError('The DNS response ends within a record')
    this.#at += length
    return this.#message.subarray(from, this.#at)
  }

  /** The next bytes as a reader of their own. */
  part(length: number): Reader {
    const from = this.#at
    this.bytes(length)
    return new Reader(this.#message, from, this.#at)
  }

  done(): void {
    if (this.#at !== this.#end) throw new RangeError('A DNS record is longer than its content')
  }

  name(): string {
    const labels: string[] = []
    this.#readLabels(labels)
    const name = labels.join('.')
    if (name.length > 253) throw new RangeError('A name in the DNS response is too long')
    return name
  }

  #readLabels(labels: string[]): void {
    const start = this.#at
    for (;;) {
      const head = this.bytes(1).readUInt8()
      if (head === 0) return
      if (head >= 0xc0) {
        const to = ((head & 0x3f) << 8) | this.bytes(1).readUInt8()
        if (to >= start) throw new RangeError('A name in the DNS response points forward')
        return new Reader(this.#message, to).#readLabels(labels)
      }
      if (head > 63) throw new RangeError('A name in the DNS response has an unknown label type')
      // 127 labels fill the longest name.
      if (labels.length >= 127) throw new RangeError('A name in the DNS response is too long')
      labels.push(this.bytes(head).toString('latin1').toLowerCase())
    }
  }
}
