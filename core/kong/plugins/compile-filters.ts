import type { FilterChain, FilterSlot, HttpFilter } from '#core/model/http-filter.ts'
import type { StreamFilterSlot } from '#core/model/stream-filter.ts'
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
 * Selects plugins as Kong 1.1 does ("Plugin object", precedence): of each plugin the one entity that is bound most
 * closely to the subject runs, in the order of the plugins' priorities.
 */
export function compileFilters(instances: readonly PluginInstance[]): CompiledFilters {
  // On a node that no other node of a mesh has called, `second` never runs.
  const running = instances.filter(({ entity }) => entity.run_on !== 'second')
  const byPlugin = [...Map.groupBy(running, ({ plugin }) => plugin)]
    .toSorted(([a], [b]) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .map(([plugin, of]) => ({ name: plugin.name, of }))
  const http = (subject: FilterSubject): FilterChain | undefined =>
    unlessEmpty(byPlugin.flatMap(({ name, of }) => slotFor(name, of, subject)))
  const stream = (subject: FilterSubject): readonly StreamFilterSlot[] | undefined =>
    unlessEmpty(
      byPlugin.flatMap(({ name, of }): StreamFilterSlot[] => {
        const chosen = closest(
          of.filter((instance) => instance.stream !== undefined),
          { ...subject, consumerId: undefined },
        )
        return chosen?.stream === undefined ? [] : [{ name, filter: chosen.stream }]
      }),
    )
  return {
    global: http({ routeId: undefined, serviceId: undefined }),
    http: onceForAlike(running, http),
    stream: onceForAlike(running, stream),
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

function slotFor(
  name: string,
  instances: readonly PluginInstance[],
  subject: FilterSubject,
): FilterSlot[] {
  const fitting = instances.filter(
    ({ entity, http }) => http !== undefined && isBoundWithin(entity, subject),
  )
  if (fitting.length === 0) return []
  const forAnybody = closest(fitting, { ...subject, consumerId: undefined })?.http
  const consumers = new Set(fitting.flatMap(({ entity }) => entity.consumer?.id ?? []))
  if (consumers.size === 0) return [{ name, choose: () => forAnybody }]
  const forConsumer = new Map<string, HttpFilter | undefined>(
    [...consumers].map((consumerId) => [
      consumerId,
      closest(fitting, { ...subject, consumerId })?.http,
    ]),
  )
  return [
    {
      name,
      choose: (principal) =>
        principal !== undefined && forConsumer.has(principal.id)
          ? forConsumer.get(principal.id)
          : forAnybody,
    },
  ]
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
