import { certificates } from '#core/kong/entities/certificate.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import { plugins } from '#core/kong/entities/plugin.ts'
import type { Generate } from '#core/kong/schema/fill-defaults.ts'
import { CertificateOperations } from './certificate-operations.ts'
import { EntityOperations, type EntityOperationsOptions } from './entity-operations.ts'
import type { KindOperations } from './kind-operations.ts'
import { PluginOperations } from './plugin-operations.ts'
import { TargetOperations } from './target-operations.ts'

export interface Operations {
  readonly operationsOf: (kind: EntityKind) => KindOperations
  readonly targets: TargetOperations
}

/** The operations of all these kinds; `kinds` are all that foreign keys of any of them refer to. */
export function compileOperations(kinds: readonly EntityKind[], generate: Generate): Operations {
  const options = { kinds: new Map(kinds.map((kind) => [kind.schema.name, kind])), generate }
  const byName = new Map(kinds.map((kind) => [kind.schema.name, operationsFor(kind, options)]))
  return {
    operationsOf: ({ schema: { name } }) => {
      const operations = byName.get(name)
      if (operations === undefined) throw new Error(`There is no kind of entity called ${name}`)
      return operations
    },
    targets: new TargetOperations(options),
  }
}

function operationsFor(kind: EntityKind, options: EntityOperationsOptions): KindOperations {
  switch (kind.schema.name) {
    case certificates.schema.name:
      return new CertificateOperations(options)
    case plugins.schema.name:
      return new PluginOperations(kind, options)
    default:
      return new EntityOperations(kind, options)
  }
}
