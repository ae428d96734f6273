import { directoryOf } from '#core/kong/entities/collected-entities.ts'
import type { Entity } from '#core/kong/entities/entity.ts'
import type { PluginHost } from '#core/kong/plugins/plugin-host.ts'

export interface SampleHostOptions {
  /** By collection: `services`. */
  readonly entities?: Readonly<Record<string, readonly Entity[]>>
  readonly counts?: ReturnType<PluginHost['counts']>
  readonly reachable?: boolean
}

/** A node in memory, for tests of plugins. */
export interface SampleHost extends PluginHost, AsyncDisposable {
  /** `level: message`. */
  readonly lines: readonly string[]
  /** As when the plugin entity is removed. */
  retire(): void
}

export function sampleHost(options: SampleHostOptions = {}): SampleHost {
  const lines: string[] = []
  const kept = new Map<string, object>()
  const retirement = new AbortController()
  return {
    nodeId: '6b1d0e3c-0000-4000-8000-000000000001',
    hostname: 'sample',
    prefix: '/tmp',
    entities: directoryOf(new Map(Object.entries(options.entities ?? {}))),
    counters: {
      add: () => Promise.reject(new Error('a sample has no counters')),
      read: () => Promise.reject(new Error('a sample has no counters')),
    },
    log: (level, message) => lines.push(`${level}: ${message}`),
    keep: <thing extends object>(key: string, make: () => thing): thing => {
      const thing = kept.get(key) ?? make()
      kept.set(key, thing)
      // oxlint-disable-next-line no-unsafe-type-assertion -- who uses a key agrees on what is kept under it
      return thing as thing
    },
    counts: () => options.counts ?? { accepted: 0, active: 0, requests: 0 },
    reachable: () => Promise.resolve(options.reachable ?? true),
    pluginId: '6b1d0e3c-0000-4000-8000-000000000002',
    routeId: undefined,
    serviceId: undefined,
    consumerId: undefined,
    retired: retirement.signal,
    lines,
    retire: () => retirement.abort(),
    [Symbol.asyncDispose]: async () => {
      retirement.abort()
      await Promise.all([...kept.values()].map(disposeOf))
    },
  }
}

function disposeOf(thing: object): unknown {
  const dispose: unknown = Reflect.get(thing, Symbol.asyncDispose)
  return typeof dispose === 'function' ? Reflect.apply(dispose, thing, []) : undefined
}
