import type { LogLevel } from '#core/base/log.ts'
import type { EntityDirectory } from '#core/kong/entities/entity-directory.ts'
import type { CounterTable } from '#core/store/counter-table.ts'

/** What a node offers to all its plugins. */
export interface NodeHost {
  readonly nodeId: string
  readonly hostname: string
  /** Absolute; relative paths in settings are relative to the folder that Kong was started in, not to it. */
  readonly prefix: string
  /** The entities of the configuration in force: read it anew for each request. */
  readonly entities: EntityDirectory
  /** Counters that all nodes of the cluster share. They can fail. */
  readonly counters: CounterTable
  log(level: LogLevel, message: string): void
  /**
   * Returns what the node keeps under this key, made with the first call. It outlives configurations, is shared by all
   * who use the key, and is disposed of when the node stops.
   */
  keep<thing extends object>(key: string, make: () => thing): thing
  /** Connections and requests since the start, and what the store is like, for those who report them. */
  counts(): {
    readonly accepted: number
    readonly active: number
    readonly requests: number
  }
  /** Whether the store answers. */
  reachable(): Promise<boolean>
}

/** What one plugin entity is given. */
export interface PluginHost extends NodeHost {
  /** Id of the plugin entity. */
  readonly pluginId: string
  /** Ids of what the plugin entity is bound to. */
  readonly routeId: string | undefined
  readonly serviceId: string | undefined
  readonly consumerId: string | undefined
  /** Aborted when the plugin entity is gone, changed, or the node stops. What the filter runs must end then. */
  readonly retired: AbortSignal
}
