import { readFileSync } from 'node:fs'
import type { Endpoint } from '#lab/topology/topology.ts'
import { errorCode } from '#lab/run/fault.ts'

const listenState = '0A'

/**
 * Whether sockets listen on all of the endpoints, in the network namespace of a process. Asks the kernel, since a
 * trial connection would show up in the node's log and in captures, and would make ncat run its command. Takes a
 * millisecond or two: the kernel walks all of its buckets for established connections, too.
 */
export function listensOn(pid: number, endpoints: readonly Endpoint[]): boolean {
  if (endpoints.length === 0) return true
  const tables = [
    ...(endpoints.every(isSix) ? [] : ['tcp']),
    ...(endpoints.some(isSix) ? ['tcp6'] : []),
  ]
  const listening = new Set(
    tables.flatMap((name) => {
      const text = readTable(`/proc/${pid}/net/${name}`)
      return text === undefined ? [] : parseListening(text)
    }),
  )
  return endpoints.every(({ address, port }) => listening.has(key(address, port)))
}

/** The keys of all listening sockets of /proc/net/tcp or tcp6 (proc(5)): `<address in hex>:<port in hex>`. */
export function parseListening(text: string): readonly string[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listenState)
    .flatMap((fields) => fields[1] ?? [])
}

/** The key of an endpoint as the kernel of a little-endian machine prints it. */
export function key(address: string, port: number): string {
  const bytes = address.includes(':') ? sixteenBytes(address) : address.split('.').map(Number)
  const words: string[] = []
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4)
    words.push(word.toReversed().map(hex).join(''))
  }
  return `${words.join('')}:${port.toString(16).toUpperCase().padStart(4, '0')}`
}

function sixteenBytes(address: string): number[] {
  // The URL parser expands no `::`, but it turns an embedded IPv4 part into groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const missing = 8 - groups(head).length - groups(tail ?? '').length
  const zeros = tail === undefined ? [] : Array.from({ length: missing }, () => '0')
  return [...groups(head), ...zeros, ...groups(tail ?? '')].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

function isSix({ address }: Endpoint): boolean {
  return address.includes(':')
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':')
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

function readTable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EINVAL') return undefined
    throw error
  }
}
