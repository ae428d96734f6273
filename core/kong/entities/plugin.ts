import type { EntityCheck, Fields, Schema, SchemaVariant } from '#core/kong/schema/field.ts'
import { plainRecord } from '#core/kong/schema/plain-record.ts'
import type { KongPlugin, PluginConfig, RunOn } from '#core/kong/plugins/plugin.ts'
import type { Entity, ForeignKey, Protocol } from './entity.ts'
import { type EntityKind, entityKind } from './entity-kind.ts'
import { createdAtField, flag, idField, protocolField, tagsField } from './field-types.ts'

/** A plugin at work: its settings, and what it is bound to. Kong 1.1, section "Plugin object". */
export interface Plugin extends Entity {
  readonly name: string
  readonly config: PluginConfig
  readonly run_on: RunOn
  readonly protocols: readonly Protocol[]
  readonly enabled: boolean
  readonly route: ForeignKey | null
  readonly service: ForeignKey | null
  readonly consumer: ForeignKey | null
  readonly tags: readonly string[] | null
}

const runsOn: readonly RunOn[] = ['first', 'second', 'all']
const web: readonly Protocol[] = ['http', 'https']

const fields = {
  id: idField,
  created_at: createdAtField,
  name: { type: 'string', required: true },
  route: { type: 'foreign', reference: 'routes', onRemove: 'cascade' },
  service: { type: 'foreign', reference: 'services', onRemove: 'cascade' },
  consumer: { type: 'foreign', reference: 'consumers', onRemove: 'cascade' },
  // The settings of a plugin that is not loaded are kept as they are.
  config: { type: 'record', fields: {}, required: true },
  run_on: { type: 'string', oneOf: runsOn, default: 'first', required: true },
  protocols: {
    type: 'set',
    elements: protocolField,
    lenMin: 1,
    default: web,
    required: true,
  },
  enabled: { ...flag(true), required: true },
  tags: tagsField,
} as const satisfies Fields

const schema: Schema = {
  name: 'plugins',
  fields,
  uniqueTogether: [['name', 'route', 'service', 'consumer']],
}

/** For reading what is stored, whatever plugins are loaded. */
export const plugins = entityKind<Plugin>(schema)

/** For writing: settings are judged and completed by what the loaded plugins say of theirs. */
export function pluginKind(loaded: readonly KongPlugin[]): EntityKind<Plugin> {
  const variants = new Map(loaded.map((plugin) => [plugin.name, pluginVariant(plugin)]))
  return entityKind<Plugin>({
    ...schema,
    variantOf: ({ name }) => {
      const variant = typeof name === 'string' ? variants.get(name) : undefined
      return variant ?? { fields, faults: plainRecord([['name', nameFault(name)]]) }
    },
  })
}

function nameFault(name: unknown): string {
  if (name === undefined || name === null) return 'required field missing'
  if (typeof name !== 'string') return 'expected a string'
  return `plugin '${name}' not enabled; add it to the 'plugins' configuration property`
}

/** What holds for the entities of one plugin. */
export function pluginVariant(plugin: KongPlugin): SchemaVariant {
  const { config, runOn = runsOn, protocols = protocolField.oneOf, unbound = [] } = plugin
  const first = plugin.defaultRunOn ?? (runOn.includes('first') ? 'first' : (runOn[0] ?? 'first'))
  const usual = web.filter((protocol) => protocols?.includes(protocol))
  return {
    fields: {
      ...fields,
      ...Object.fromEntries(unbound.map((name) => [name, { ...fields[name], eq: null }])),
      config: { ...fields.config, fields: config.fields },
      run_on: { ...fields.run_on, oneOf: runOn, default: first },
      protocols: {
        ...fields.protocols,
        elements: { ...protocolField, ...(protocols && { oneOf: protocols }) },
        default: usual.length > 0 ? usual : (protocols ?? web),
      },
    },
    checks: (config.checks ?? []).map(checkOfEntity),
  }
}

/** Makes a rule over settings one over the entity that holds them, where `minute` is `config.minute`. */
function checkOfEntity(check: EntityCheck): EntityCheck {
  switch (check.kind) {
    case 'at-least-one-of':
    case 'only-one-of':
    case 'distinct':
      return { ...check, fields: check.fields.map(inConfig) }
    case 'conditional-at-least-one-of':
      return { ...check, ifField: inConfig(check.ifField), oneOf: check.oneOf.map(inConfig) }
    case 'conditional':
      return {
        ...check,
        ifField: inConfig(check.ifField),
        thenField: inConfig(check.thenField),
      }
    case 'custom':
      return {
        ...check,
        fields: check.fields.map(inConfig),
        blame: check.blame === undefined ? 'config' : inConfig(check.blame),
        check: (values) =>
          check.check(
            plainRecord(check.fields.map((field) => [field, values[inConfig(field)]] as const)),
          ),
      }
  }
}

function inConfig(field: string): string {
  return `config.${field}`
}
