import { existsSync } from 'node:fs'
import { loadConfig, loadPrefix, type LoadedConfig } from '#core/kong/config/load-config.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { maskSecret } from '#core/kong/config/settings.ts'
import { kongVariables } from '#core/kong/config/sources.ts'
import { typedSettings } from '#core/kong/config/typed-settings.ts'
import { prefixPaths } from '#core/kong/prefix.ts'
import { kongVersion } from '#core/kong/version.ts'
import type { CommandContext } from './command.ts'

/**
 * Loads the configuration of a command and tells about it as Kong 1.1 does under `--v` and `--vv`.
 * @throws ConfigError
 */
export function loadCommandConfig(
  { env, cwd, output }: CommandContext,
  { conf, prefix }: { readonly conf: string | undefined; readonly prefix: string | undefined },
): KongConfig {
  output.verbose(`Kong: ${kongVersion}`)
  const { config, file }: LoadedConfig = loadConfig({ conf, env, cwd, flags: { prefix } })
  output.verbose(file === undefined ? 'no config file found' : `reading config file at ${file}`)
  for (const { name, key, value } of kongVariables(env)) {
    output.debug(`${name} ENV found with "${maskSecret(key, value)}"`)
  }
  for (const [key, value] of Object.entries(typedSettings(config.effective)).toSorted(byKey)) {
    if (value !== null) output.debug(`${key} = ${renderSetting(key, value)}`)
  }
  output.verbose(`prefix in use: ${config.prefix}`)
  return config
}

/** What `--conf` and `--prefix` say. */
export interface NodeOptions {
  readonly conf: string | undefined
  readonly prefix: string | undefined
}

/**
 * What the node of the prefix runs with, if it was ever prepared; otherwise what a start would read.
 * @throws ConfigError
 */
export function loadNodeConfig(
  context: CommandContext,
  { conf, prefix: flag }: NodeOptions,
): KongConfig {
  const { env, cwd } = context
  const prefix = loadPrefix({ conf, env, cwd, flags: { prefix: flag } })
  const { kongEnv } = prefixPaths(prefix)
  const known = conf === undefined && existsSync(kongEnv) ? kongEnv : conf
  return loadCommandConfig(context, { conf: known, prefix: flag })
}

/** As Kong writes it: a list in braces, and texts, switches included, in quotes. */
function renderSetting(key: string, value: Setting): string {
  if (typeof value === 'object') return `{${value.map((entry) => `"${entry}"`).join(',')}}`
  if (typeof value === 'number') return String(value)
  if (typeof value === 'boolean') return value ? '"on"' : '"off"'
  return `"${maskSecret(key, value)}"`
}

type Setting = string | number | boolean | readonly string[]

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
