import { MeshError, messageOf } from '#core/base/errors.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { DeclarativeError } from '#core/kong/declarative/declarative-error.ts'
import { readAllEntities, writeEntities } from '#core/kong/declarative/declarative-store.ts'
import { parseDeclarativeFile } from '#core/kong/declarative/load-declarative.ts'
import type { DeclaredEntities } from '#core/kong/declarative/parse-declarative.ts'
import { renderDeclarative } from '#core/kong/declarative/render-declarative.ts'
import { declaredKinds, kongKinds } from '#core/kong/entities/kong-kinds.ts'
import type { KongPlugin } from '#core/kong/plugins/plugin.ts'
import { openPluginCatalogue } from '#core/kong/plugins/plugin-catalogue.ts'
import { openStore } from '#core/node/kong-store.ts'

/** @throws MeshError `Failed parsing:` and every fault. */
export async function readDeclared(file: string, config: KongConfig): Promise<DeclaredEntities> {
  const kinds = declaredKinds(await pluginsOf(config))
  try {
    return parseDeclarativeFile(file, kinds)
  } catch (error) {
    if (!(error instanceof DeclarativeError)) throw error
    throw new MeshError(error.code, `Failed parsing:\n${error.message}`, { cause: error })
  }
}

/** Adds the entities to those in the database, all or none. @throws MeshError `Failed importing:` and why. */
export async function importDeclared(
  declared: DeclaredEntities,
  config: KongConfig,
): Promise<void> {
  const kinds = declaredKinds(await pluginsOf(config))
  await using store = await openStore(config)
  try {
    await store.write((transaction) => writeEntities(transaction, kinds, declared))
  } catch (error) {
    throw new MeshError('import-failed', `Failed importing:\n${messageOf(error)}`, { cause: error })
  }
}

/** All entities of the database as a declarative configuration. */
export async function exportDeclared(config: KongConfig): Promise<string> {
  const kinds = kongKinds(await pluginsOf(config))
  await using store = await openStore(config)
  return renderDeclarative(kinds, await store.read((view) => readAllEntities(view, kinds)))
}

async function pluginsOf({ plugins }: KongConfig): Promise<readonly KongPlugin[]> {
  return (await openPluginCatalogue(plugins)).loadAll()
}
