import { lowerCase } from './http1-bytes.ts'

/** Names that most heads consist of: recognising them costs less than making a lower-case string. */
const commonNames = [
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'access-control-allow-origin',
  'age',
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'host',
  'if-modified-since',
  'if-none-match',
  'keep-alive',
  'last-modified',
  'location',
  'origin',
  'pragma',
  'proxy-connection',
  'range',
  'referer',
  'server',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'vary',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-kong-proxy-latency',
  'x-kong-upstream-latency',
  'x-real-ip',
  'x-request-id',
] as const

interface CommonName {
  readonly key: string
  readonly bytes: Uint8Array
}

/** By length and first letter, which leaves hardly ever more than one. */
const candidates: (CommonName[] | undefined)[] = []
for (const key of commonNames) {
  const bytes = new TextEncoder().encode(key)
  const similar = (candidates[slot(bytes.length, bytes[0]!)] ??= [])
  similar.push({ key, bytes })
}

function slot(length: number, firstLetter: number): number {
  return length * 32 + (firstLetter & 31)
}

/** The lower-case name that these bytes spell in any case, if it is a common one. */
export function commonHeaderKey(bytes: Uint8Array, start: number, end: number): string | undefined {
  const similar = candidates[slot(end - start, bytes[start]!)]
  if (similar === undefined) return undefined
  for (const candidate of similar) {
    if (spells(candidate.bytes, bytes, start)) return candidate.key
  }
  return undefined
}

function spells(wanted: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = wanted.length - 1; i >= 0; i--) {
    if (lowerCase[bytes[start + i]!] !== wanted[i]) return false
  }
  return true
}
