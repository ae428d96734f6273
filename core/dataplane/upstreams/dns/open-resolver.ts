import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { SocketAddress } from '#core/model/address.ts'
import type { DnsSettings } from '#core/model/snapshot.ts'
import { askServers } from './ask-servers.ts'
import type { RecordType } from './dns-message.ts'
import { FreshFile } from './fresh-file.ts'
import { parseHosts, type Hosts } from './hosts-file.ts'
import { NameCache } from './name-cache.ts'
import { NameError, type Resolution } from './resolution.ts'
import { parseResolvConf, searchedNames } from './resolv-conf.ts'
import { resolveName } from './resolve-name.ts'
import { Turns } from '#core/dataplane/upstreams/turns.ts'

/** Tells where host names lead. */
export interface Resolver {
  /**
   * A promise only when it is not known yet.
   * @throws NameError, also as a rejection
   */
  resolve(host: string): Resolution | Promise<Resolution>
  /** Unix time in ms until which the last answer for this host is good; 0 = there is none. */
  freshUntil(host: string): number
}

export interface ResolverOptions {
  readonly settings: DnsSettings
  /** Calls off all questions. */
  readonly signal: AbortSignal
  readonly now: () => number
  /** Default: `/etc/resolv.conf`. */
  readonly resolvConf?: string | undefined
}

/** This machine's own configuration, asked for addresses alone. */
export const systemDns: DnsSettings = {
  servers: [],
  hostsFile: '/etc/hosts',
  order: ['LAST', 'A', 'AAAA', 'CNAME'],
  staleTtl: 4,
  notFoundTtl: 30,
  errorTtl: 1,
}

/** Questions on the wire at the same time. */
const mostQuestions = 256

/** How soon a change of the hosts file is noticed, in ms. */
const hostsTtlMs = 1000

/** Opens a resolver with an empty memory. */
export function openResolver(options: ResolverOptions): Resolver {
  const { settings, signal, now } = options
  const turns = new Turns(mostQuestions)
  const hosts = new FreshFile(settings.hostsFile, parseHosts)
  const configuration = new FreshFile(options.resolvConf ?? '/etc/resolv.conf', parseResolvConf)
  const servers = settings.servers.map(parseServer)
  const lookUp = async (host: string, last: RecordType | undefined): Promise<Resolution> => {
    const local = localResolution(host.replace(/\.$/, ''), hosts.content, settings.order)
    if (local !== undefined) return local
    const system = configuration.content
    return resolveName({
      names: searchedNames(host, system),
      order: settings.order,
      last,
      ask: (question) =>
        turns.take(() =>
          askServers(question, {
            servers: servers.length > 0 ? servers : system.servers,
            timeoutMs: system.timeoutMs,
            attempts: system.attempts,
            signal,
          }),
        ),
    })
  }
  const names = new NameCache({
    lookUp,
    staleMs: settings.staleTtl * 1000,
    notFoundMs: settings.notFoundTtl * 1000,
    errorMs: settings.errorTtl * 1000,
    now,
  })
  return {
    resolve: (host) => names.get(normalised(host)),
    freshUntil: (host) => names.freshUntil(normalised(host)),
  }
}

/**
 * Names that no server is asked about: those of the hosts file, `localhost` and whatever ends so (RFC 6761, section
 * 6.3), and `invalid` (section 6.4).
 */
function localResolution(
  name: string,
  hosts: Hosts,
  order: DnsSettings['order'],
): Resolution | undefined {
  if (/(^|\.)invalid$/.test(name)) throw new NameError('not-found', 'no such name')
  const addresses = hosts.get(name) ?? (/(^|\.)localhost$/.test(name) ? ['127.0.0.1', '::1'] : [])
  const kinds: readonly string[] = addresses.map(kindOf)
  const kind = [...order, 'A', 'AAAA'].find((type) => kinds.includes(type))
  if (kind !== 'A' && kind !== 'AAAA') return undefined
  const endpoints = addresses
    .filter((address) => kindOf(address) === kind)
    .map((address) => ({ address, port: undefined, weight: 1 }))
  return { endpoints, ttlMs: hostsTtlMs, kind }
}

function kindOf(address: string): 'A' | 'AAAA' {
  return isIP(address) === 6 ? 'AAAA' : 'A'
}

/** Names are the same whatever their case; others than ASCII are asked for as RFC 5891 encodes them. */
function normalised(host: string): string {
  if (/^[\u0021-\u007e]*$/.test(host)) return host.toLowerCase()
  return domainToASCII(host)
}

/** `address` or `address:port`, IPv6 with a port in brackets. */
function parseServer(text: string): SocketAddress {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? []
  return { address: bracketed ?? plain ?? text, port: Number(port ?? 53) }
}
