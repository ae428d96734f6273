import type { FilterChain, FilterSlot, HttpFilter } from '#core/model/http-filter.ts'
import type { Arrival } from '#core/model/mesh.ts'
import type { StreamFilter, StreamFilterSlot } from '#core/model/stream-filter.ts'
import type { Plugin } from '#core/kong/entities/plugin.ts'
import type { PluginInstance } from './plugin-instances.ts'

/** What a request or stream is about, once its route is known. */
export interface FilterSubject {
  readonly routeId: string | undefined
  readonly serviceId: string | undefined
}

/** Which filters take part in what, of one set of plugin instances. */
export interface CompiledFilters {
  /** For what has no route yet, or none at all: plugins that are bound to nothing. */
  readonly global: FilterChain | undefined
  http(subject: FilterSubject): FilterChain | undefined
  stream(subject: FilterSubject): readonly StreamFilterSlot[] | undefined
}

/**
 * Selects plugins as Kong 1.1 does ("Plugin object", precedence and `run_on`): of each plugin the one entity that is
 * bound most closely to the subject, among those that run for such an arrival, in the order of the plugins' priorities.
 */
export function compileFilters(instances: readonly PluginInstance[]): CompiledFilters {
  const byPlugin = [...Map.groupBy(instances, ({ plugin }) => plugin)]
    .toSorted(([a], [b]) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .map(([plugin, of]) => ({ name: plugin.name, of }))
  const http = (subject: FilterSubject): FilterChain | undefined =>
    unlessEmpty(byPlugin.flatMap(({ name, of }) => httpSlot(name, of, subject)))
  const stream = (subject: FilterSubject): readonly StreamFilterSlot[] | undefined =>
    unlessEmpty(byPlugin.flatMap(({ name, of }) => streamSlot(name, of, subject)))
  return {
    global: http({ routeId: undefined, serviceId: undefined }),
    http: onceForAlike(instances, http),
    stream: onceForAlike(instances, stream),
  }
}

/** Subjects differ only where something is bound to them; of thousands of routes, most are alike. */
function onceForAlike<chain>(
  instances: readonly PluginInstance[],
  compile: (subject: FilterSubject) => chain,
): (subject: FilterSubject) => chain {
  const bound = new Set(
    instances.flatMap(({ entity: { route, service } }) => [route?.id, service?.id]),
  )
  const compiled = new Map<string, chain>()
  return (subject) => {
    const routeId = bound.has(subject.routeId) ? subject.routeId : undefined
    const serviceId = bound.has(subject.serviceId) ? subject.serviceId : undefined
    const alike = `${routeId ?? ''} ${serviceId ?? ''}`
    return compiled.getOrInsertComputed(alike, () => compile({ routeId, serviceId }))
  }
}

/** Whether an entity runs: on the first node for clients, on any further one for the nodes of the mesh. */
function runsFor(arrival: Arrival, { run_on }: Plugin): boolean {
  return run_on !== (arrival === 'client' ? 'second' : 'first')
}

function httpSlot(
  name: string,
  instances: readonly PluginInstance[],
  subject: FilterSubject,
): FilterSlot[] {
  const fitting = instances.filter(
    ({ entity, http }) => http !== undefined && isBoundWithin(entity, subject),
  )
  if (fitting.length === 0) return []
  const chosen = {
    client: byConsumer(fitting, subject, 'client'),
    'mesh-peer': byConsumer(fitting, subject, 'mesh-peer'),
  }
  return [{ name, choose: (principal, arrival) => chosen[arrival](principal?.id) }]
}

/** Decides beforehand which filter takes part for which consumer; undefined stands for anybody. */
function byConsumer(
  instances: readonly PluginInstance[],
  subject: FilterSubject,
  arrival: Arrival,
): (consumerId: string | undefined) => HttpFilter | undefined {
  const running = instances.filter(({ entity }) => runsFor(arrival, entity))
  const forAnybody = closest(running, { ...subject, consumerId: undefined })?.http
  const consumers = new Set(running.flatMap(({ entity }) => entity.consumer?.id ?? []))
  if (consumers.size === 0) return () => forAnybody
  const forConsumer = new Map<string | undefined, HttpFilter | undefined>(
    [...consumers].map((consumerId) => [
      consumerId,
      closest(running, { ...subject, consumerId })?.http,
    ]),
  )
  return (consumerId) => (forConsumer.has(consumerId) ? forConsumer.get(consumerId) : forAnybody)
}

function streamSlot(
  name: string,
  instances: readonly PluginInstance[],
  subject: FilterSubject,
): StreamFilterSlot[] {
  const choose = (arrival: Arrival): StreamFilter | undefined =>
    closest(
      instances.filter(({ entity, stream }) => stream !== undefined && runsFor(arrival, entity)),
      { ...subject, consumerId: undefined },
    )?.stream
  const chosen = { client: choose('client'), 'mesh-peer': choose('mesh-peer') }
  if (chosen.client === undefined && chosen['mesh-peer'] === undefined) return []
  return [{ name, choose: (arrival) => chosen[arrival] }]
}

interface BoundSubject extends FilterSubject {
  readonly consumerId: string | undefined
}

/** Bindings by how close they are. */
const precedence: readonly (readonly ('route' | 'service' | 'consumer')[])[] = [
  ['route', 'service', 'consumer'],
  ['route', 'consumer'],
  ['service', 'consumer'],
  ['route', 'service'],
  ['consumer'],
  ['route'],
  ['service'],
  [],
]

function closest(
  instances: readonly PluginInstance[],
  { routeId, serviceId, consumerId }: BoundSubject,
): PluginInstance | undefined {
  const ids = { route: routeId, service: serviceId, consumer: consumerId }
  for (const bound of precedence) {
    const found = instances.find(({ entity }) =>
      (['route', 'service', 'consumer'] as const).every((what) =>
        bound.includes(what)
          ? ids[what] !== undefined && entity[what]?.id === ids[what]
          : entity[what] === null,
      ),
    )
    if (found !== undefined) return found
  }
  return undefined
}

function isBoundWithin(entity: Plugin, { routeId, serviceId }: FilterSubject): boolean {
  return (
    (entity.route === null || entity.route.id === routeId) &&
    (entity.service === null || entity.service.id === serviceId)
  )
}

function unlessEmpty<item>(items: readonly item[]): readonly item[] | undefined {
  return items.length === 0 ? undefined : items
}
