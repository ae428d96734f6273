import { readFileSync } from 'node:fs'
import { MeshError, messageOf } from '#core/base/errors.ts'
import { systemGenerate } from '#core/kong/admin/generate.ts'
import type { Entity } from '#core/kong/entities/entity.ts'
import type { EntityKind } from '#core/kong/entities/entity-kind.ts'
import type { Store } from '#core/store/store.ts'
import { writeEntities } from './declarative-store.ts'
import { DeclarativeError } from './declarative-error.ts'
import { parseDeclarative, type DeclaredEntities } from './parse-declarative.ts'

/**
 * Reads the file that `declarative_config` names.
 * @throws MeshError `bad-declarative-config` naming the file and every fault in it.
 */
export function readDeclarativeFile(file: string, kinds: readonly EntityKind[]): DeclaredEntities {
  try {
    return parseDeclarativeFile(file, kinds)
  } catch (error) {
    if (!(error instanceof DeclarativeError)) throw error
    throw new MeshError(
      'bad-declarative-config',
      `error parsing declarative config file ${file}:\n${error.message}`,
      { cause: error },
    )
  }
}

/** @throws DeclarativeError with every fault in it, or the reason why it cannot be read. */
export function parseDeclarativeFile(file: string, kinds: readonly EntityKind[]): DeclaredEntities {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new DeclarativeError(explain(file, error), { cause: error })
  }
  return parseDeclarative(text, { kinds, generate: systemGenerate })
}

/** Makes the declared entities all that the store holds, in one step. */
export function loadDeclared(
  store: Store,
  kinds: readonly EntityKind[],
  declared: DeclaredEntities,
): Promise<void> {
  return store.write(async (transaction) => {
    await transaction.clear()
    await writeEntities(transaction, kinds, declared)
  })
}

/** The declared entities by collection and id: how `POST /config` answers. */
export function byId(
  declared: DeclaredEntities,
): Readonly<Record<string, Readonly<Record<string, Entity>>>> {
  const held = [...declared].filter(([, entities]) => entities.length > 0)
  return Object.fromEntries(
    held.map(([name, entities]) => [
      name,
      Object.fromEntries(entities.map((entity) => [entity.id, entity])),
    ]),
  )
}

function explain(file: string, error: unknown): string {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return missing ? `${file}: No such file or directory` : `${file}: ${messageOf(error)}`
}
