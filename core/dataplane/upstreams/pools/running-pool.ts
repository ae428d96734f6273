import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '#core/base/errors.ts'
import type { LogLevel } from '#core/base/log.ts'
import {
  ChooseError,
  type AttemptResult,
  type HashFacts,
} from '#core/dataplane/upstreams/address-chooser.ts'
import type { Resolver } from '#core/dataplane/upstreams/dns/open-resolver.ts'
import { NameError, type Endpoint } from '#core/dataplane/upstreams/dns/resolution.ts'
import {
  eventOfStatus,
  judgeHealth,
  type HealthEvent,
} from '#core/dataplane/upstreams/health/judge-health.ts'
import { openProbes } from '#core/dataplane/upstreams/health/open-probes.ts'
import { formatAddress } from '#core/model/address.ts'
import type {
  ActiveHealthChecks,
  HealthChecks,
  HealthThresholds,
  PassiveHealthChecks,
  TargetHealth,
  TargetPool,
} from '#core/model/target-pool.ts'
import { chooseHashKey, type HashKey } from './choose-hash-key.ts'
import type { PoolMember } from './pool-member.ts'
import { PoolTargetRecord } from './pool-target-record.ts'
import { shareWeights } from './share-weights.ts'
import { Wheel } from './wheel.ts'

export interface PoolMeans {
  readonly resolver: Resolver
  readonly report: (level: LogLevel, message: string) => void
  readonly trustedAuthorities: readonly string[] | undefined
  readonly now: () => number
}

/** How long to wait at least before a name is asked for anew, in ms. */
const shortestPauseMs = 500

/** And at most, whatever a record allows; timers hold no more than 2^31 ms. */
const longestPauseMs = 86_400_000

/** A pool at work: whose turn it is, who is healthy, where its names lead. */
export class RunningPool implements AsyncDisposable {
  #pool: TargetPool
  #means: PoolMeans
  /** By target and port: an entry that is made anew for the same target goes on with what is known. */
  #records = new Map<string, PoolTargetRecord>()
  #wheel = new Wheel([], { slots: 1, turn: 0 })
  #probes: { readonly checks: ActiveHealthChecks; readonly running: AsyncDisposable } | undefined
  readonly #ending = new Set<Promise<void>>()
  readonly #timers = new Map<PoolTargetRecord, NodeJS.Timeout>()
  #closed = false

  constructor(pool: TargetPool, means: PoolMeans) {
    this.#pool = pool
    this.#means = means
    this.apply(pool, means)
  }

  /** Goes on with another description of the same pool. */
  apply(pool: TargetPool, means: PoolMeans): void {
    const asksElsewhere = means.resolver !== this.#means.resolver
    let changed =
      pool.slots !== this.#pool.slots || !isDeepStrictEqual(pool.targets, this.#pool.targets)
    this.#pool = pool
    this.#means = means
    const known = this.#records
    this.#records = new Map()
    for (const target of pool.targets) {
      const key = keyOf(target)
      const record = this.#records.get(key) ?? known.get(key) ?? new PoolTargetRecord(target)
      this.#records.set(key, record)
      const isNew = !known.has(key)
      known.delete(key)
      changed ||= isNew
      if (record.hear(target.said) && !isNew) this.#tell(target, target.said?.healthy ?? true)
      if (!record.resolveLiteral() && (isNew || asksElsewhere)) this.#resolve(record)
    }
    for (const record of known.values()) this.#stopRenewing(record)
    if (changed) this.#turnOver()
    this.#applyProbes(pool.healthChecks.active)
  }

  /** What a request with these facts is hashed by. */
  hashKey(facts: HashFacts): HashKey {
    return chooseHashKey(this.#pool, facts, randomUUID)
  }

  /**
   * The member for a value, without one the member whose turn it is; a promise only while nothing is known of a name.
   * @throws ChooseError, also as a rejection
   */
  choose(
    value: string | undefined,
    tried: readonly PoolMember[],
  ): PoolMember | Promise<PoolMember> {
    const member = value === undefined ? this.#wheel.next(tried) : this.#wheel.ownerOf(value, tried)
    if (member !== undefined) return member
    const pending = Array.from(this.#records.values(), (record) => record.pending).filter(
      (each) => each !== undefined,
    )
    if (pending.length > 0 && !this.#closed) {
      return Promise.race(pending).then(() => this.choose(value, tried))
    }
    const reason = `The pool ${this.#pool.name} has no healthy target`
    throw new ChooseError('no-healthy-target', reason)
  }

  /** Takes a result into account. */
  #judge(member: PoolMember, event: HealthEvent, thresholds: HealthThresholds): void {
    const { healthy } = member.state
    member.state = judgeHealth(member.state, event, thresholds)
    if (member.state.healthy === healthy) return
    this.#records.get(keyOf(member.target))?.forgetWord()
    this.#wheel.renew()
    this.#tell(member.target, !healthy, member)
  }

  /** What a proxied attempt says about the member it went to. */
  attempted(member: PoolMember, result: AttemptResult): void {
    const { passive } = this.#pool.healthChecks
    const event = eventOfAttempt(result, passive)
    if (event !== undefined) this.#judge(member, event, passive.thresholds)
  }

  health(): readonly TargetHealth[] {
    const checked = isChecked(this.#pool.healthChecks)
    return this.#pool.targets.map((target) => {
      const record = this.#records.get(keyOf(target))
      const targetId = target.id
      if (record?.unresolved !== false) return { targetId, health: 'unresolved' }
      if (!checked) return { targetId, health: 'unchecked' }
      const { members } = record
      const healthy = members.length === 0 || members.some(({ state }) => state.healthy)
      return { targetId, health: healthy ? 'healthy' : 'unhealthy' }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const record of this.#timers.keys()) this.#stopRenewing(record)
    this.#endProbes()
    await Promise.all(this.#ending)
  }

  #turnOver(): void {
    const targets = this.#pool.targets.map((target) => {
      const { members, parts } = this.#records.get(keyOf(target))!
      return { weight: target.weight, members, parts }
    })
    const weights = shareWeights(targets)
    const members = targets
      .flatMap((target) => target.members)
      .map((member, i) => [member, weights[i]!] as const)
    this.#wheel = new Wheel(members, { slots: this.#pool.slots, turn: this.#wheel.turn })
  }

  #resolve(record: PoolTargetRecord): void {
    this.#stopRenewing(record)
    const done = this.#renew(record).finally(() => {
      if (record.pending === done) record.pending = undefined
    })
    if (record.members.length === 0) record.pending = done
  }

  async #renew(record: PoolTargetRecord): Promise<void> {
    const { resolver, now, report } = this.#means
    const before = { members: record.members, parts: record.parts }
    const found = await leadsOf(record.host, resolver)
    const isCurrent = this.#records.get(keyOf(record)) === record
    if (this.#closed || !isCurrent || this.#means.resolver !== resolver) return
    if (found.endpoints !== undefined) record.lead(found.endpoints)
    if (found.fault !== undefined && record.fault === undefined) {
      const reason = `${record.host} of the pool ${this.#pool.name} could not be resolved`
      report('error', `${reason} (${found.fault})`)
    }
    record.fault = found.fault
    if (!isSameMembers(before, record)) this.#turnOver()
    const pauseMs = Math.max(resolver.freshUntil(record.host) - now(), shortestPauseMs)
    const again = (): void => this.#resolve(record)
    this.#timers.set(record, setTimeout(again, Math.min(pauseMs, longestPauseMs)).unref())
  }

  #stopRenewing(record: PoolTargetRecord): void {
    clearTimeout(this.#timers.get(record))
    this.#timers.delete(record)
  }

  #applyProbes(checks: ActiveHealthChecks): void {
    if (this.#probes !== undefined && isDeepStrictEqual(this.#probes.checks, checks)) return
    this.#endProbes()
    if (checks.healthyIntervalMs <= 0 && checks.unhealthyIntervalMs <= 0) return
    const running = openProbes<PoolMember>({
      checks,
      trustedAuthorities: this.#means.trustedAuthorities,
      targets: (healthy) => this.#weighty().filter(({ state }) => state.healthy === healthy),
      onResult: (member, event) => this.#judge(member, event, checks.thresholds),
    })
    this.#probes = { checks, running }
  }

  #endProbes(): void {
    const ending = this.#probes?.running[Symbol.asyncDispose]()
    this.#probes = undefined
    if (ending === undefined) return
    const ended = Promise.resolve(ending).finally(() => this.#ending.delete(ended))
    this.#ending.add(ended)
  }

  /** Members that can be chosen when they are healthy. */
  #weighty(): readonly PoolMember[] {
    return this.#pool.targets
      .filter(({ weight }) => weight > 0)
      .flatMap((target) => this.#records.get(keyOf(target))!.members)
  }

  #tell(
    target: { readonly host: string; readonly port: number },
    healthy: boolean,
    member?: PoolMember,
  ): void {
    const named = member === undefined || member.address === target.host
    const address = named ? '' : ` (${formatAddress(member)})`
    const who = `${target.host}:${target.port}${address} of the pool ${this.#pool.name}`
    this.#means.report(
      healthy ? 'notice' : 'warn',
      `${who} is ${healthy ? 'healthy' : 'unhealthy'}`,
    )
  }
}

function keyOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`
}

/** Where a name leads; without endpoints nobody can tell, and what was known is still the best guess. */
async function leadsOf(
  host: string,
  resolver: Resolver,
): Promise<{ readonly endpoints?: readonly Endpoint[]; readonly fault?: string }> {
  try {
    const { endpoints } = await resolver.resolve(host)
    return { endpoints }
  } catch (error) {
    const fault = messageOf(error)
    return error instanceof NameError && error.kind === 'not-found'
      ? { endpoints: [], fault }
      : { fault }
  }
}

type Leads = Pick<PoolTargetRecord, 'members' | 'parts'>

function isSameMembers(a: Leads, b: Leads): boolean {
  return isDeepStrictEqual(a.parts, b.parts) && a.members.every((each, i) => each === b.members[i])
}

/** Whether anything but an operator's word can change a target's health. */
function isChecked({ active, passive }: HealthChecks): boolean {
  const { tcpFailures, timeouts, httpFailures } = passive.thresholds
  return (
    active.healthyIntervalMs + active.unhealthyIntervalMs + tcpFailures + timeouts + httpFailures >
    0
  )
}

function eventOfAttempt(
  result: AttemptResult,
  { kind, thresholds }: PassiveHealthChecks,
): HealthEvent | undefined {
  switch (result.kind) {
    case 'status':
      return kind === 'tcp' ? undefined : eventOfStatus(result.status, thresholds)
    case 'connected':
      return kind === 'tcp' ? 'success' : 'connected'
    case 'connect-failed':
      return 'tcp-failure'
    case 'timeout':
      return 'timeout'
  }
}
