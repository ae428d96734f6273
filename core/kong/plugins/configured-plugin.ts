import type { Entity, ForeignKey, Protocol } from '#core/kong/entities/entity.ts'
import type { PluginConfig, RunOn } from './plugin.ts'

/** A plugin entity, as far as traffic is concerned. Kong 1.1, section "Plugin object". */
export interface ConfiguredPlugin extends Entity {
  readonly name: string
  readonly enabled: boolean
  readonly run_on: RunOn
  readonly protocols: readonly Protocol[]
  readonly config: PluginConfig
  readonly route: ForeignKey | null
  readonly service: ForeignKey | null
  readonly consumer: ForeignKey | null
}
