import { join } from 'node:path'
import { words } from '#lab/plan-script/step.ts'
import { nodeFolder } from './adapt-process.ts'
import { store } from './store.ts'

/** What the command line of Kong has to know to reach the store, but for the password. */
export const entitiesEnvironment: Readonly<Record<string, string>> = {
  KONG_PREFIX: `${nodeFolder}/entities`,
  KONG_DATABASE: 'postgres',
  KONG_PG_HOST: store.name,
  KONG_PG_USER: store.user,
  KONG_PG_DATABASE: store.database,
}

/** Commands that prepare the store and put the entities of a declarative file in; they may run again. */
export function entitiesCommands({
  root,
  file,
}: {
  readonly root: string
  readonly file: string
}): readonly string[] {
  const kong = join(root, 'core/bin/kong')
  return [words([kong, 'migrations', 'bootstrap']), words([kong, 'config', 'db_import', file])]
}
