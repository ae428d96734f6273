import type { InjectionBlock, KongConfig } from './kong-config.ts'
import { settings } from './settings.ts'

/** The `nginx_BLOCK_DIRECTIVE` keys, by block. */
export function injectedDirectives(merged: ReadonlyMap<string, string>): KongConfig['injected'] {
  const blocks: Record<InjectionBlock, Record<string, string>> = {
    http: {},
    proxy: {},
    admin: {},
    stream: {},
    sproxy: {},
  }
  for (const [key, value] of merged) {
    const [, block, directive = ''] = /^nginx_([a-z]+)_(.+)$/.exec(key) ?? []
    // `nginx_worker_processes` and the like are keys of their own.
    if (block === undefined || Object.hasOwn(settings, key) || !isBlock(block)) continue
    if (value !== '') blocks[block][directive] = value
  }
  return blocks

  function isBlock(name: string): name is InjectionBlock {
    return Object.hasOwn(blocks, name)
  }
}

/** The value of an injected directive as nginx would be given it: a number is put in quotes. */
export function renderDirectiveValue(value: string): string {
  return /^-?\d+(\.\d+)?$/.test(value) ? `"${value}"` : value
}
