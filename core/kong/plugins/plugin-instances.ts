import { messageOf } from '#core/base/errors.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import type { StreamFilter } from '#core/model/stream-filter.ts'
import type { Plugin } from '#core/kong/entities/plugin.ts'
import type { NodeHost, PluginHost } from './plugin-host.ts'
import type { KongPlugin } from './plugin.ts'

/** What takes part in traffic for one plugin entity. */
export interface PluginInstance {
  readonly entity: Plugin
  readonly plugin: KongPlugin
  readonly http: HttpFilter | undefined
  readonly stream: StreamFilter | undefined
}

interface Kept extends PluginInstance {
  readonly retirement: AbortController
}

/**
 * The filters of a node's plugin entities. An entity that has not changed keeps its filters, and with them whatever
 * they gathered, over all changes of other entities.
 */
export class PluginInstances implements Disposable {
  readonly #host: NodeHost
  #kept: ReadonlyMap<string, Kept> = new Map()
  #retiring: ReadonlyMap<string, Kept> = new Map()

  constructor(host: NodeHost) {
    this.#host = host
  }

  /**
   * Opens filters for the entities that are enabled, new or changed. What is gone is retired by `settle`, so that
   * requests that are under way meet filters that work. One whose filters cannot be opened is left out, with a warning.
   */
  open(
    entities: readonly Plugin[],
    plugins: readonly KongPlugin[],
  ): { readonly instances: readonly PluginInstance[]; readonly warnings: readonly string[] } {
    const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]))
    const kept = new Map<string, Kept>()
    const warnings: string[] = []
    for (const entity of entities) {
      const plugin = byName.get(entity.name)
      if (plugin === undefined) {
        warnings.push(
          `plugin '${entity.name}' is configured but not enabled; add it to the 'plugins' configuration property`,
        )
      } else if (entity.enabled) {
        const key = `${entity.id} ${JSON.stringify(entity)}`
        // What was about to be retired is wanted again when a change is taken back.
        const known = this.#kept.get(key) ?? this.#retiring.get(key)
        if (known?.plugin === plugin) kept.set(key, known)
        else {
          try {
            kept.set(key, this.#open(entity, plugin))
          } catch (error) {
            warnings.push(
              `plugin '${entity.name}' (${entity.id}) does not run: ${messageOf(error)}`,
            )
          }
        }
      }
    }
    const gone = [...this.#retiring, ...this.#kept].filter(([key]) => !kept.has(key))
    this.#retiring = new Map(gone)
    this.#kept = kept
    return { instances: [...kept.values()], warnings }
  }

  /** Retires what the last `open` found gone. */
  settle(): void {
    for (const { retirement } of this.#retiring.values()) retirement.abort()
    this.#retiring = new Map()
  }

  [Symbol.dispose](): void {
    this.settle()
    for (const { retirement } of this.#kept.values()) retirement.abort()
    this.#kept = new Map()
  }

  #open(entity: Plugin, plugin: KongPlugin): Kept {
    const retirement = new AbortController()
    const node = this.#host
    const host: PluginHost = {
      nodeId: node.nodeId,
      hostname: node.hostname,
      get prefix() {
        return node.prefix
      },
      get entities() {
        return node.entities
      },
      get counters() {
        return node.counters
      },
      log: (level, message) => node.log(level, message),
      keep: (key, make) => node.keep(key, make),
      counts: () => node.counts(),
      reachable: () => node.reachable(),
      pluginId: entity.id,
      routeId: entity.route?.id,
      serviceId: entity.service?.id,
      consumerId: entity.consumer?.id,
      retired: retirement.signal,
    }
    return {
      entity,
      plugin,
      http: plugin.openHttp?.(entity.config, host),
      stream: plugin.openStream?.(entity.config, host),
      retirement,
    }
  }
}
