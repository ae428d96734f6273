import { resolve } from 'node:path'
import { parseConfFile, stripComment } from './conf-file.ts'
import { settings } from './settings.ts'

const injectionKey = /^nginx_(http|proxy|admin|stream|sproxy)_[a-z0-9_]+$/

/** Where a node's settings come from, from weakest to strongest; defaults are weaker still. */
export interface ConfigSources {
  /** Contents of kong.conf or `.kong_env`. */
  readonly file?: string | undefined
  /** Only names that begin with `KONG_` matter. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Command-line flags, by key of kong.conf. */
  readonly flags: Readonly<Record<string, string | undefined>>
}

/** Merges the sources into one text per key. Keys that mean nothing to a node are left out. */
export function mergeSources({ file = '', env, flags }: ConfigSources): Map<string, string> {
  const merged = new Map(Object.entries(settings).map(([key, setting]) => [key, setting.default]))
  const put = (key: string, value: string): void => {
    if (Object.hasOwn(settings, key) || injectionKey.test(key)) merged.set(key, value)
  }
  for (const [key, value] of parseConfFile(file)) put(key, value)
  for (const { key, value } of kongVariables(env)) put(key, stripComment(value))
  for (const [key, value] of Object.entries(flags)) if (value !== undefined) put(key, value)
  return merged
}

/** The `KONG_*` variables of an environment, by the key of kong.conf that each one sets. */
export function kongVariables(
  env: ConfigSources['env'],
): { readonly name: string; readonly key: string; readonly value: string }[] {
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith('KONG_') && value !== undefined)
    .map(([name, value = '']) => ({ name, key: name.slice('KONG_'.length).toLowerCase(), value }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The prefix folder alone, for commands that only need to find a node. Absolute, without trailing slash. */
export function resolvePrefix(merged: ReadonlyMap<string, string>, cwd: string): string {
  return resolve(cwd, merged.get('prefix') || '/usr/local/kong')
}
