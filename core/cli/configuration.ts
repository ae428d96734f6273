import { loadConfig, type LoadedConfig } from '#core/kong/config/load-config.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { maskSecret } from '#core/kong/config/settings.ts'
import { kongVariables } from '#core/kong/config/sources.ts'
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
  for (const [key, value] of Object.entries(config.effective).toSorted(byKey)) {
    output.debug(`${key} = "${maskSecret(key, value)}"`)
  }
  output.verbose(`prefix in use: ${config.prefix}`)
  return config
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1
}
