import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { parseConfig } from '#core/kong/config/parse-config.ts'
import { type Plugin, plugins } from '#core/kong/entities/plugin.ts'
import { openKongLogs } from '#core/kong/logs.ts'
import { preparePrefix } from '#core/kong/prefix.ts'
import { openSqliteStore } from '#core/store/sqlite-store.ts'
import { openKongNode } from './kong-node.ts'

it('keeps a node from starting or reloading without a plugin that is in use', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'in-use-'))
  const configured = (enabled: string): KongConfig =>
    parseConfig({
      env: {
        KONG_PREFIX: join(folder.path, 'kong-a'),
        KONG_PROXY_LISTEN: 'off',
        KONG_ADMIN_LISTEN: 'off',
        KONG_PLUGINS: enabled,
      },
      flags: {},
      cwd: '/',
      fileExists: existsSync,
    })
  const complete = configured('cors, key-auth')
  preparePrefix(complete)
  await store(complete, 'key-auth', 'cors')
  await using logs = await openKongLogs(complete)
  const remedy = "plugin is in use but not enabled; add it to the 'plugins' configuration property"

  await expect(openKongNode(configured('off'), { logs })).rejects.toThrow(
    `cors ${remedy}\nkey-auth ${remedy}`,
  )
  await using node = await openKongNode(complete, { logs })
  await expect(node.reload(configured('cors'))).rejects.toThrow(`key-auth ${remedy}`)
  await node.reload(configured('bundled'))
})

async function store({ sqliteFile }: KongConfig, ...names: readonly string[]): Promise<void> {
  await using opened = await openSqliteStore(sqliteFile)
  await opened.write(async (transaction) => {
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop -- one transaction
      await transaction.insert(plugins.collection, entity(name))
    }
  })
}

function entity(name: string): Plugin {
  return {
    id: randomUUID(),
    created_at: 1,
    name,
    // Switched off, but not gone.
    enabled: name === 'cors',
    config: {},
    run_on: 'first',
    protocols: ['http', 'https'],
    route: null,
    service: null,
    consumer: null,
    tags: null,
  }
}
