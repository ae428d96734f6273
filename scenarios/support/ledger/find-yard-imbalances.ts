import { UnknownVerdict } from '#reports/record/unknown-verdict.ts'
import { canariesIn, type Canary } from '#lab/probes/canary.ts'
import { renderEndpoint } from '#lab/probes/hops.ts'
import type { Book, Entry } from '#lab/probes/ledger/book.ts'
import type { Ledger } from '#lab/probes/ledger/compile-ledger.ts'
import { findImbalances } from '#lab/probes/ledger/find-imbalances.ts'
import { planBooks, type Passage } from '#lab/probes/ledger/plan-books.ts'
import { linesWithIds, requestsServed, type LogText } from '#lab/probes/ledger/read-logs.ts'
import { parseListenEndpoints } from '#lab/topology/listen-endpoints.ts'
import { meshPorts } from '#lab/topology/service-b.ts'
import type { NodeSpec } from '#lab/topology/topology.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import type { BalanceClaim } from './balance-claim.ts'
import { claimedByConnection } from './read-claims.ts'
import { byLeg, readCrossings, type Crossing } from './read-crossings.ts'

/**
 * The books of a scenario at this moment, and where they contradict each other.
 * @throws {UnknownVerdict} When packets cannot be read, or nothing was sent.
 */
export async function findYardImbalances(yard: Yard, claim: BalanceClaim): Promise<Ledger> {
  const { nodes } = yard.lab.topology
  const members = nodes.filter(({ kind }) => kind === 'proxy' || kind === 'service')
  const proxies = members.filter(({ kind }) => kind === 'proxy')
  const service = yard.ground.path.at(-1) ?? ''
  // Logs first: what they tell of is on the wire already.
  const logs = await readLogs(yard, members)
  const wire = await yard.wire()
  const earlier = new Set(wire.earlier.map(({ client }) => renderEndpoint(client)))
  const seen: Seen = {
    logs,
    earlier,
    crossings: readCrossings(wire, {
      nodes: new Set(members.map(({ name }) => name)),
      sinceMs: yard.sinceMs,
    }),
  }
  const { rules } = await yard.lab.status()
  const mine = ({ id }: Entry): boolean => id === undefined || !yard.askedEarlier(id)
  const sent = sentEntries(yard.commands, members)
  if (sent.length === 0) throw new UnknownVerdict('no command sent a request with an id')
  const senders = new Map(sent.map(({ id, from }) => [id, from]))
  const { books, ...planned } = planBooks({
    sent,
    passageOf: (id) => {
      const from = senders.get(id) ?? ''
      return { from, ...passageFrom(from, { yard, rules, claim, id }) }
    },
    service,
    crossed: byLeg(seen.crossings),
    handled: new Map(
      proxies.map((proxy) => [proxy.name, claimedByProxy(proxy, seen).filter(mine)]),
    ),
    served: claimedByService(service, seen).filter(mine),
  })
  const counted = (claim.counted ?? []).map(({ by, entries, times = 1, of }): Book => ({
    name: by,
    proof: 'counter',
    entries,
    due: (id) => (of === undefined || of.includes(id) ? times : 0),
  }))
  const all = [...books, ...counted]
  return { sent: planned.sent, books: all, imbalances: findImbalances(planned.sent, all) }
}

interface Seen {
  readonly logs: readonly LogText[]
  readonly crossings: readonly Crossing[]
  /** Who dialled before this scenario. */
  readonly earlier: ReadonlySet<string>
}

type SentEntry = Entry & { readonly id: Canary; readonly from: string }

/** Each command of these nodes sends each id that it names once. */
function sentEntries(commands: Yard['commands'], nodes: readonly NodeSpec[]): readonly SentEntry[] {
  return commands.flatMap(({ node, argv, input }, index) => {
    if (!nodes.some(({ name }) => name === node)) return []
    const ids = new Set(canariesIn([...argv, input].join('\n')))
    const where = `command ${index + 1}, ${argv[0]} on ${node}`
    return [...ids].map((id) => ({ id, where, from: node }))
  })
}

interface Meant {
  readonly yard: Yard
  readonly rules: 'installed' | 'removed'
  readonly claim: BalanceClaim
  readonly id: Canary
}

/** As the topology has it, unless the scenario says otherwise of all or of this request. */
function passageFrom(from: string, { yard, rules, claim, id }: Meant): Passage {
  const { path } = yard.ground
  const handledBy = rules === 'removed' ? [] : path.slice(path.indexOf(from) + 1, -1)
  return { handledBy, ...claim, ...claim.except?.[id] }
}

async function readLogs(yard: Yard, nodes: readonly NodeSpec[]): Promise<readonly LogText[]> {
  const all = await yard.logs()
  return all.filter(({ node }) => nodes.some(({ name }) => name === node))
}

/** Over HTTP the access log names the id; of a stream the error log names the connection. */
function claimedByProxy(proxy: NodeSpec, { logs, crossings, earlier }: Seen): readonly Entry[] {
  const ports = streamPorts(proxy)
  const isStream = ({ hop }: Crossing): boolean => ports.has(hop.connection.server.port)
  return logs
    .filter(({ node }) => node === proxy.name)
    .flatMap((log) => {
      if (log.name === 'access.log') return linesWithIds(log)
      if (log.name === 'error.log')
        return claimedByConnection(log, crossings, { isStream, earlier })
      return []
    })
}

/** Where a proxy takes streams: what it listens on, and what is intercepted to there. */
function streamPorts({ processes }: NodeSpec): ReadonlySet<number> {
  const listened = processes.flatMap((process) => {
    if (process.kind !== 'kong') return []
    return parseListenEndpoints(process.settings['stream_listen'] ?? 'off').map(({ port }) => port)
  })
  const intercepted = meshPorts.filter(({ listener }) => listened.includes(listener))
  return new Set([...listened, ...intercepted.map(({ port }) => port)])
}

/** The echo service names the id, ncat the connection. */
function claimedByService(service: string, { logs, crossings, earlier }: Seen): readonly Entry[] {
  return logs
    .filter(({ node }) => node === service)
    .flatMap((log) => [
      ...requestsServed(log),
      ...claimedByConnection(log, crossings, { isStream: () => true, earlier }),
    ])
}
