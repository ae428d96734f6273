import { closeSync, openSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MeshError, messageOf } from '#core/base/errors.ts'
import { makeFolder } from '#core/base/make-folder.ts'
import { renderConfFile } from './config/conf-file.ts'
import type { KongConfig } from './config/kong-config.ts'
import { isSyslog } from './config/log-target.ts'
import { renderNginxFiles } from './config/nginx-files.ts'

/** Where a node keeps its files (Kong 1.1, "prefix"), for whoever looks into the folder from outside. */
export interface PrefixPaths {
  readonly kongEnv: string
  readonly pidFile: string
  readonly ssl: string
}

export function prefixPaths(prefix: string): PrefixPaths {
  return {
    kongEnv: join(prefix, '.kong_env'),
    pidFile: join(prefix, 'pids/nginx.pid'),
    ssl: join(prefix, 'ssl'),
  }
}

/**
 * Makes the prefix folder with everything a node expects in it, and writes the effective settings to `.kong_env`.
 * @throws MeshError `bad-prefix`.
 */
export function preparePrefix(config: KongConfig): void {
  const { kongEnv, ssl, pidFile } = prefixPaths(config.prefix)
  try {
    if (statSync(config.prefix, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new TypeError(`${config.prefix} is not a directory`)
    }
    for (const folder of [dirname(pidFile), ssl, join(config.prefix, 'logs')]) makeFolder(folder)
    for (const log of logFiles(config)) {
      makeFolder(dirname(log))
      closeSync(openSync(log, 'a'))
    }
    const settings = Object.entries(config.effective).toSorted(([a], [b]) => (a < b ? -1 : 1))
    for (const [name, text] of Object.entries(renderNginxFiles(config))) {
      replaceFile(join(config.prefix, name), text, 0o644)
    }
    // It can hold the password of a database.
    replaceFile(kongEnv, renderConfFile(settings), 0o600)
  } catch (error) {
    const reason = messageOf(error)
    throw new MeshError(
      'bad-prefix',
      `could not prepare Kong prefix at ${config.prefix}: ${reason}`,
    )
  }
}

/** Writes a file so that a reader sees the old contents or the new, never a part. */
export function replaceFile(path: string, contents: string, mode: number): void {
  const draft = `${path}.${process.pid}.new`
  writeFileSync(draft, contents, { mode })
  renameSync(draft, path)
}

function logFiles(config: KongConfig): readonly string[] {
  const { proxyAccessLog, proxyErrorLog, adminAccessLog, adminErrorLog } = config
  const targets = [proxyAccessLog, proxyErrorLog, adminAccessLog, adminErrorLog]
  return targets.filter((target) => target !== undefined).filter((target) => !isSyslog(target))
}
