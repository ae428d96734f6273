import type { DnsSettings } from '#core/model/snapshot.ts'
import { AskError, type Answer } from './ask-servers.ts'
import { isAskable, type DnsRecord, type Question, type RecordType } from './dns-message.ts'
import { NameError, type Endpoint, type Resolution } from './resolution.ts'

export interface NameSearch {
  /** Names to try in place of the one that was wished for, in order; lower case. */
  readonly names: readonly string[]
  readonly order: DnsSettings['order']
  /** What was found last time. */
  readonly last: RecordType | undefined
  /** @throws AskError */
  readonly ask: (question: Question) => Promise<Answer>
}

/** Aliases followed from one name before it counts as a loop. */
const longestChain = 8

/**
 * Asks type by type, and for each type name by name, until records are found that lead to an address.
 * @throws NameError
 */
export async function resolveName(search: NameSearch): Promise<Resolution> {
  return searchTypes(search, typesOf(search), 0)
}

function typesOf({ order, last }: NameSearch): readonly RecordType[] {
  const types = order.flatMap((type) => (type === 'LAST' ? (last ?? []) : type))
  return [...new Set(types)]
}

async function searchTypes(
  search: NameSearch,
  types: readonly RecordType[],
  depth: number,
): Promise<Resolution> {
  const names = search.names.filter(isAskable)
  const missing = new Set<string>()
  let fault: AskError | undefined
  for (const type of types) {
    for (const name of names) {
      if (missing.has(name)) continue
      try {
        // oxlint-disable-next-line no-await-in-loop -- each is asked only when those before it led nowhere
        const found = await find(search, { name, type }, depth)
        if (found === 'no-such-name') missing.add(name)
        else if (found !== undefined) return found
      } catch (error) {
        if (!(error instanceof AskError)) throw error
        fault = error
        if (error.silent) throw new NameError('failed', error.message, { cause: error })
      }
    }
  }
  if (fault !== undefined) throw new NameError('failed', fault.message, { cause: fault })
  throw new NameError('not-found', 'no such name, or it has no address')
}

async function find(
  search: NameSearch,
  question: Question,
  depth: number,
): Promise<Resolution | 'no-such-name' | undefined> {
  if (depth > longestChain) return undefined
  const { records, exists } = await search.ask(question)
  const { end, ttl, aliases } = followAliases(question.name, records)
  const wanted = records.filter(({ name, type }) => name === end && type === question.type)
  if (wanted.length > 0) return resolutionOf(search, { question, wanted, ttl, depth })
  if (!exists) return aliases === 0 ? 'no-such-name' : undefined
  if (aliases === 0) return undefined
  // The server told of the alias alone: what it stands for is asked for separately.
  const types = question.type === 'CNAME' ? addressTypes(search) : [question.type]
  const found = await resolvedOrNothing({ ...search, names: [end] }, types, depth + 1)
  return found === undefined ? undefined : { ...found, ttlMs: Math.min(found.ttlMs, ttl * 1000) }
}

async function resolutionOf(
  search: NameSearch,
  found: {
    readonly question: Question
    readonly wanted: readonly DnsRecord[]
    readonly ttl: number
    readonly depth: number
  },
): Promise<Resolution | undefined> {
  const { question, wanted, depth } = found
  const ttlMs = 1000 * Math.min(found.ttl, ...wanted.map(({ ttl }) => ttl))
  if (question.type === 'SRV') return serviceEndpoints(search, { wanted, ttlMs, depth })
  const endpoints = wanted.flatMap((record): Endpoint[] =>
    'address' in record ? [{ address: record.address, port: undefined, weight: 1 }] : [],
  )
  // An alias in place of an address is the end of a chain that is too long.
  return endpoints.length === 0 ? undefined : { endpoints, ttlMs, kind: question.type }
}

/** RFC 2782: only those of the best priority count, shared out by weight; port 0 leaves the port as it was. */
async function serviceEndpoints(
  search: NameSearch,
  found: { readonly wanted: readonly DnsRecord[]; readonly ttlMs: number; readonly depth: number },
): Promise<Resolution | undefined> {
  const offered = found.wanted
    .filter((record) => record.type === 'SRV')
    .filter(({ target }) => target !== '')
  const best = Math.min(...offered.map(({ priority }) => priority))
  const resolved = await Promise.all(
    offered
      .filter(({ priority }) => priority === best)
      .map(async (service) => {
        const leads = { ...search, names: [service.target] }
        const to = await addressesOf(leads, found.depth + 1)
        return { endpoints: to.addresses.map(sharing(service)), ttlMs: to.ttlMs }
      }),
  )
  const endpoints = resolved.flatMap((each) => each.endpoints)
  if (endpoints.length === 0) return undefined
  const ttlMs = Math.min(found.ttlMs, ...resolved.map((each) => each.ttlMs))
  return { endpoints, ttlMs, kind: 'SRV' }
}

/** A server that cannot be found now is left out, but not for as long as its record would allow. */
async function addressesOf(
  search: NameSearch,
  depth: number,
): Promise<{ readonly addresses: readonly string[]; readonly ttlMs: number }> {
  try {
    const { endpoints, ttlMs } = await searchTypes(search, addressTypes(search), depth)
    return { addresses: endpoints.map(({ address }) => address), ttlMs }
  } catch (error) {
    if (!(error instanceof NameError)) throw error
    return { addresses: [], ttlMs: 1000 }
  }
}

function sharing({ port, weight }: { readonly port: number; readonly weight: number }) {
  return (address: string, _index: number, all: readonly string[]): Endpoint => ({
    address,
    port: port === 0 ? undefined : port,
    weight: Math.max(weight, 1) / all.length,
  })
}

async function resolvedOrNothing(
  search: NameSearch,
  types: readonly RecordType[],
  depth: number,
): Promise<Resolution | undefined> {
  try {
    return await searchTypes(search, types, depth)
  } catch (error) {
    if (error instanceof NameError && error.kind === 'not-found') return undefined
    throw error
  }
}

/** What a name that another record points to is asked for. */
function addressTypes({ order }: NameSearch): readonly RecordType[] {
  const types = order.filter((type) => type === 'A' || type === 'AAAA')
  return types.length > 0 ? types : ['A', 'AAAA']
}

/** Walks the aliases within one answer; `ttl` is the shortest of them, Infinity without any. */
function followAliases(
  name: string,
  records: readonly DnsRecord[],
): { readonly end: string; readonly ttl: number; readonly aliases: number } {
  let end = name
  let ttl = Infinity
  let aliases = 0
  while (aliases < longestChain) {
    const alias = records.find((record) => record.type === 'CNAME' && record.name === end)
    if (alias?.type !== 'CNAME') break
    end = alias.target
    ttl = Math.min(ttl, alias.ttl)
    aliases++
  }
  return { end, ttl, aliases }
}
