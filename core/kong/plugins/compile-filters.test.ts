import { describe, expect, it } from 'vitest'
import type { HttpFilter } from '#core/model/http-filter.ts'
import type { Arrival } from '#core/model/mesh.ts'
import { compileFilters } from './compile-filters.ts'
import type { Plugin } from '#core/kong/entities/plugin.ts'
import type { PluginInstance } from './plugin-instances.ts'

describe('compileFilters', () => {
  const subject = { routeId: 'r', serviceId: 's' }
  const bindings: readonly (readonly [string, Partial<Binding>])[] = [
    ['route, service and consumer', { route: 'r', service: 's', consumer: 'c' }],
    ['route and consumer', { route: 'r', consumer: 'c' }],
    ['service and consumer', { service: 's', consumer: 'c' }],
    ['route and service', { route: 'r', service: 's' }],
    ['consumer', { consumer: 'c' }],
    ['route', { route: 'r' }],
    ['service', { service: 's' }],
    ['nothing', {}],
  ]

  it.for(bindings.map(([what], index) => [what, index] as const))(
    'prefers a plugin bound to %s to all that are bound less closely',
    ([, index]) => {
      // Given in the wrong order, so that order decides nothing.
      const instances = bindings
        .slice(index)
        .map(([what, to]) => instance('limit', what, to))
        .toReversed()
      expect(chosen(instances, 'c')).toEqual([bindings[index]?.[0]])
    },
  )

  it('runs a plugin of another route, service or consumer for nobody else', () => {
    const strangers = [
      { route: 'x' },
      { service: 'x' },
      { route: 'r', service: 'x' },
      { consumer: 'x' },
    ]
    const instances = strangers.map((to, index) => instance('limit', String(index), to))
    expect(chosen(instances, 'c')).toEqual([])
    expect(chosen(instances, 'x')).toEqual(['3'])
  })

  it('compiles one chain for all that nothing is bound to, and others for the rest', () => {
    const filters = compileFilters([
      instance('limit', 'anybody', {}),
      instance('limit', 'own', { route: 'bound' }),
    ])
    const alike = filters.http({ routeId: 'a', serviceId: 's' })
    expect(alike).toBeDefined()
    expect(filters.http({ routeId: 'b', serviceId: 't' })).toBe(alike)
    expect(filters.http({ routeId: undefined, serviceId: undefined })).toBe(alike)
    expect(filters.http({ routeId: 'bound', serviceId: 's' })).not.toBe(alike)
    expect(filters.http({ routeId: 'bound', serviceId: 's' })).toEqual(
      filters.http({ routeId: 'bound', serviceId: 't' }),
    )
  })

  it('asks plugins by descending priority and knows only unbound ones before routing', () => {
    const instances = [
      instance('late', 'late', {}, 1),
      instance('early', 'early', { route: 'r' }, 100),
      instance('middle', 'middle', {}, 50),
    ]
    expect(chosen(instances, undefined)).toEqual(['early', 'middle', 'late'])
    expect(compileFilters(instances).global?.map(({ name }) => name)).toEqual(['middle', 'late'])
  })

  it("falls back to a less close entity where the closest says run_on 'second'", () => {
    const instances = [
      instance('limit', 'close', { route: 'r' }, 1, 'second'),
      instance('limit', 'far', {}),
    ]
    expect(chosen(instances, undefined)).toEqual(['far'])
  })

  it('runs for a node of the mesh what says second or all, and falls back in the same way', () => {
    const instances = [
      instance('limit', 'close', { route: 'r' }, 1, 'first'),
      instance('limit', 'far', {}, 1, 'second'),
      instance('log', 'log', {}, 0, 'all'),
      instance('auth', 'auth', {}, 9, 'first'),
    ]
    expect(chosen(instances, undefined, 'mesh-peer')).toEqual(['far', 'log'])
    expect(chosen(instances, undefined, 'client')).toEqual(['auth', 'close', 'log'])
  })

  it("falls back for a consumer to anybody's entity where the consumer's own runs elsewhere", () => {
    const instances = [
      instance('limit', 'own', { consumer: 'c' }, 1, 'second'),
      instance('limit', 'any', {}),
    ]
    expect(chosen(instances, 'c', 'client')).toEqual(['any'])
    expect(chosen(instances, 'c', 'mesh-peer')).toEqual(['own'])
    expect(chosen(instances, 'x', 'mesh-peer')).toEqual([])
  })

  it('chooses for streams by how they arrive, without consumers', () => {
    const entries = [
      instance('log', 'close', { route: 'r' }, 1, 'second'),
      instance('log', 'far', {}, 1, 'first'),
      instance('log', 'consumer', { route: 'r', consumer: 'c' }, 1, 'all'),
    ]
    const streams = entries.map((entry) => ({ ...entry, http: undefined, stream: {} }))
    const slots = compileFilters(streams).stream(subject) ?? []
    const labels = (['client', 'mesh-peer'] as const).map((arrival) =>
      slots.map((slot) => {
        const filter = slot.choose(arrival)
        return streams.find(({ stream }) => stream === filter)?.entity.id
      }),
    )
    expect(labels).toEqual([['far'], ['close']])
  })

  it('gives no chain at all where nothing takes part', () => {
    expect(compileFilters([]).global).toBeUndefined()
    expect(compileFilters([]).http(subject)).toBeUndefined()
    expect(compileFilters([instance('log', 'log', {})]).stream(subject)).toBeUndefined()
  })

  function chosen(
    instances: readonly PluginInstance[],
    consumer: string | undefined,
    arrival: Arrival = 'client',
  ): string[] {
    const principal = consumer === undefined ? undefined : { id: consumer, credentialId: 'k' }
    const chain = compileFilters(instances).http(subject) ?? []
    return chain.flatMap((slot) => {
      const filter = slot.choose(principal, arrival)
      return filter === undefined ? [] : [names.get(filter) ?? '']
    })
  }
})

interface Binding {
  readonly route: string
  readonly service: string
  readonly consumer: string
}

const names = new WeakMap<HttpFilter, string>()
const plugins = new Map<string, PluginInstance['plugin']>()

function instance(
  name: string,
  label: string,
  { route, service, consumer }: Partial<Binding>,
  priority = 1,
  runOn: Plugin['run_on'] = 'first',
): PluginInstance {
  const http: HttpFilter = {}
  names.set(http, label)
  const plugin = plugins.get(name) ?? { name, priority, config: { fields: {} } }
  plugins.set(name, plugin)
  const key = (id: string | undefined): { id: string } | null => (id === undefined ? null : { id })
  return {
    plugin,
    http,
    stream: undefined,
    entity: {
      id: label,
      created_at: 0,
      name,
      enabled: true,
      run_on: runOn,
      protocols: ['http'],
      config: {},
      route: key(route),
      service: key(service),
      consumer: key(consumer),
      tags: null,
    },
  }
}
