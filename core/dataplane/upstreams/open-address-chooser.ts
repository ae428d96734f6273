import { isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { LogLevel } from '#core/base/log.ts'
import type { DnsSettings, Snapshot } from '#core/model/snapshot.ts'
import type { TargetHealth } from '#core/model/target-pool.ts'
import type { AddressChoice, AddressChooser, AddressWish } from './address-chooser.ts'
import { openResolver, systemDns, type Resolver } from './dns/open-resolver.ts'
import { HostTurns } from './host-choice.ts'
import { PoolChoice } from './pools/pool-choice.ts'
import { RunningPool } from './pools/running-pool.ts'

export interface RunningAddressChooser extends AddressChooser, AsyncDisposable {
  /** Takes new pools and DNS settings; what is known about a pool stays with its id. */
  apply(settings: Partial<Pick<Snapshot, 'pools' | 'dns'>>): void
  /** Health of a pool's targets, in the order of the pool; empty for an unknown id. */
  health(poolId: string): readonly TargetHealth[]
}

export interface AddressChooserOptions {
  /** A line for the error log: changed health, a name of a pool that cannot be resolved. */
  readonly report?: ((level: LogLevel, message: string) => void) | undefined
  /** Certificates (PEM) that `https` probes trust; default: those that Node trusts. */
  readonly trustedAuthorities?: readonly string[] | undefined
  /** Unix time in ms; default: the machine's clock. */
  readonly now?: (() => number) | undefined
}

/** Opens a chooser without pools that resolves names as this machine is set up to. */
export function openAddressChooser(options: AddressChooserOptions = {}): RunningAddressChooser {
  return new Chooser(options)
}

class Chooser implements RunningAddressChooser {
  readonly #options: AddressChooserOptions
  readonly #stop = new AbortController()
  readonly #ending = new Set<Promise<void>>()
  #dns: DnsSettings = systemDns
  #resolver: Resolver
  #hosts: HostTurns
  #poolsByName = new Map<string, RunningPool>()
  #poolsById = new Map<string, RunningPool>()

  constructor(options: AddressChooserOptions) {
    this.#options = options
    this.#resolver = this.#openResolver()
    this.#hosts = new HostTurns(this.#resolver)
  }

  begin({ host, port, facts }: AddressWish): AddressChoice {
    const pool = this.#poolsByName.get(host)
    if (pool !== undefined) return new PoolChoice(pool, facts)
    const literal = host.startsWith('[') ? host.slice(1, -1) : host
    return isIP(literal) === 0 ? this.#hosts.begin(host, port) : literalChoice(literal, port)
  }

  apply({ pools = [], dns = systemDns }: Partial<Pick<Snapshot, 'pools' | 'dns'>>): void {
    if (this.#stop.signal.aborted) return
    if (!isDeepStrictEqual(dns, this.#dns)) {
      this.#dns = dns
      this.#resolver = this.#openResolver()
      this.#hosts = new HostTurns(this.#resolver)
    }
    const known = this.#poolsById
    this.#poolsById = new Map()
    this.#poolsByName = new Map()
    const means = {
      resolver: this.#resolver,
      report: this.#options.report ?? (() => {}),
      trustedAuthorities: this.#options.trustedAuthorities,
      now: this.#now,
    }
    for (const pool of pools) {
      // A pool under a second name: it is found by both, and the first description holds.
      if (this.#poolsById.has(pool.id)) continue
      const running = known.get(pool.id)
      running?.apply(pool, means)
      const next = running ?? new RunningPool(pool, means)
      this.#poolsById.set(pool.id, next)
      known.delete(pool.id)
    }
    for (const { id, name } of pools) {
      if (!this.#poolsByName.has(name)) this.#poolsByName.set(name, this.#poolsById.get(id)!)
    }
    for (const gone of known.values()) this.#end(gone)
  }

  health(poolId: string): readonly TargetHealth[] {
    return this.#poolsById.get(poolId)?.health() ?? []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    for (const pool of this.#poolsById.values()) this.#end(pool)
    await Promise.all(this.#ending)
  }

  get #now(): () => number {
    return this.#options.now ?? Date.now
  }

  #openResolver(): Resolver {
    return openResolver({ settings: this.#dns, signal: this.#stop.signal, now: this.#now })
  }

  #end(pool: RunningPool): void {
    const ended = pool[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
  }
}

function literalChoice(address: string, port: number): AddressChoice {
  const only = { address, port, targetHost: undefined, report: () => {} }
  return { setCookie: undefined, next: () => only }
}
