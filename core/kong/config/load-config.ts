import { existsSync, readFileSync } from 'node:fs'
import { ConfigError } from './config-error.ts'
import type { KongConfig } from './kong-config.ts'
import { parseConfig } from './parse-config.ts'
import { mergeSources, resolvePrefix } from './sources.ts'

/** Where kong.conf is looked for when no file is named. */
const defaultFiles = ['/etc/kong/kong.conf', '/etc/kong.conf'] as const

export interface LoadConfigOptions {
  /** Named by the user: must exist. Undefined = the default places, which need not. */
  readonly conf: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

export interface LoadedConfig {
  readonly config: KongConfig
  /** The file that was read, if any. */
  readonly file: string | undefined
}

/** @throws ConfigError with every fault, or `no file at: PATH`. */
export function loadConfig(options: LoadConfigOptions): LoadedConfig {
  const { file, text } = readConfFile(options.conf)
  const config = parseConfig({ ...options, file: text, fileExists: existsSync })
  return { config, file }
}

/** The prefix alone, without a judgement on any other setting. */
export function loadPrefix(options: LoadConfigOptions): string {
  return resolvePrefix(
    mergeSources({ ...options, file: readConfFile(options.conf).text }),
    options.cwd,
  )
}

/** What a running node reads again: the settings that the command line wrote into its prefix. */
export function loadKongEnv(path: string): KongConfig {
  return loadConfig({ conf: path, env: {}, flags: {}, cwd: '/' }).config
}

function readConfFile(named: string | undefined): { file?: string; text?: string } {
  for (const file of named === undefined ? defaultFiles : [named]) {
    try {
      return { file, text: readFileSync(file, 'utf8') }
    } catch (error) {
      if (!isMissing(error)) throw new ConfigError([`cannot read ${file}: ${String(error)}`])
    }
  }
  if (named !== undefined) throw new ConfigError([`no file at: ${named}`])
  return {}
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code))
  )
}
