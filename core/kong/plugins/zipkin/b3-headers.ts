import type { HeaderList } from '#core/model/header-list.ts'

/** What the caller says of the trace that a request belongs to. https://github.com/openzipkin/b3-propagation */
export interface B3Context {
  /** undefined = it belongs to none yet. Identifiers are lower-case hexadecimal. */
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  /** undefined = the caller has not decided. */
  readonly sampled: boolean | undefined
  /** Names of headers that are not as they should be; identifiers then count as missing. */
  readonly invalid: readonly string[]
}

/** Reads `X-B3-…` headers. */
export function parseB3(headers: HeaderList): B3Context {
  const invalid: string[] = []
  const id = (name: string, pattern: RegExp): string | undefined => {
    const value = headers.get(name)
    if (value === undefined || pattern.test(value)) return value?.toLowerCase()
    invalid.push(name)
    return undefined
  }
  const traceId = id('x-b3-traceid', /^(?:[\da-f]{16}){1,2}$/i)
  id('x-b3-parentspanid', /^[\da-f]{16}$/i)
  const spanId = id('x-b3-spanid', /^[\da-f]{16}$/i)
  const known = invalid.length === 0 && traceId !== undefined
  const sampled = parseSampled(headers.get('x-b3-sampled'), () => invalid.push('x-b3-sampled'))
  return {
    traceId: known ? traceId : undefined,
    spanId: known ? spanId : undefined,
    sampled: headers.get('x-b3-flags') === '1' ? true : sampled,
    invalid,
  }
}

function parseSampled(text: string | undefined, blame: () => void): boolean | undefined {
  if (text === '1' || text === 'true') return true
  if (text === '0' || text === 'false') return false
  if (text !== undefined) blame()
  return undefined
}

export interface B3Ids {
  readonly traceId: string
  readonly parentId: string
  readonly spanId: string
  readonly sampled: boolean
}

/** Names the span that the upstream's spans belong to. `X-B3-Flags` stays and then stands for the decision. */
export function setB3(headers: HeaderList, { traceId, parentId, spanId, sampled }: B3Ids): void {
  headers.set('x-b3-traceid', traceId)
  headers.set('x-b3-parentspanid', parentId)
  headers.set('x-b3-spanid', spanId)
  if (headers.has('x-b3-flags')) headers.remove('x-b3-sampled')
  else headers.set('x-b3-sampled', sampled ? '1' : '0')
}
