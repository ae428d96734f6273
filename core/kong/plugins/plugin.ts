import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { EntityCheck, Fields } from '#core/kong/schema/field.ts'
import type { HttpFilter } from '#core/model/http-filter.ts'
import type { StreamFilter } from '#core/model/stream-filter.ts'
import type { Endpoint } from '#core/rest/exchange.ts'
import type { Protocol } from '#core/kong/entities/entity.ts'
import type { NodeHost, PluginHost } from './plugin-host.ts'

export type RunOn = 'first' | 'second' | 'all'

/** The settings of one plugin entity, checked against `config` and complete. */
export type PluginConfig = Readonly<Record<string, unknown>>

/** What a plugin is: one file, one constant of this shape. Kong 1.1, "Plugin Development Guide". */
export interface KongPlugin<config extends object = object> {
  readonly name: string
  /** Greater runs earlier, in every phase. */
  readonly priority: number
  readonly version?: string
  /**
   * The fields of `config` and the rules over them; fields are named without `config.`. What a `custom` rule finds is
   * told as a fault of `config`, what any other rule finds as one of the entity.
   */
  readonly config: { readonly fields: Fields; readonly checks?: readonly EntityCheck[] }
  /** Allowed values of `run_on`; default all three. */
  readonly runOn?: readonly RunOn[]
  /** Default of `run_on`; default `first`. */
  readonly defaultRunOn?: RunOn
  /** Allowed values of `protocols`; default all four. */
  readonly protocols?: readonly Protocol[]
  /** What an entity of this plugin cannot be bound to. */
  readonly unbound?: readonly ('consumer' | 'route' | 'service')[]
  /** Further kinds of entity that the plugin works with: credentials. */
  readonly kinds?: readonly EntityKind[]
  /** Takes part in requests: one filter for each plugin entity. Absent = nothing to do there. */
  openHttp?(config: config, host: PluginHost): HttpFilter
  /** Takes part in streams. */
  openStream?(config: config, host: PluginHost): StreamFilter
  /** Further endpoints of the Admin API. */
  adminEndpoints?(host: NodeHost): readonly Endpoint[]
}

/** Checks a plugin against its own settings type. */
export function definePlugin<config extends object>(
  plugin: KongPlugin<config>,
): KongPlugin<config> {
  return plugin
}
