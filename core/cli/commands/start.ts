import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { MeshError } from '#core/base/errors.ts'
import {
  confOption,
  databaseOptions,
  nginxConfOption,
  prefixOption,
  textOption,
  type Command,
  type CommandArguments,
  type CommandContext,
  type Option,
} from '#core/cli/command.ts'
import { loadCommandConfig } from '#core/cli/configuration.ts'
import type { Output } from '#core/cli/output.ts'
import type { KongConfig } from '#core/kong/config/kong-config.ts'
import { alreadyRunning, runningPid } from '#core/kong/pid-file.ts'
import { preparePrefix } from '#core/kong/prefix.ts'

/** Shared with `restart`. */
export const startOptions: Readonly<Record<string, Option>> = {
  conf: confOption,
  prefix: prefixOption,
  'nginx-conf': nginxConfOption,
  'run-migrations': { type: 'boolean', help: 'make the database ready before starting' },
  ...databaseOptions,
}

export const start: Command = {
  usage: 'start [OPTIONS]',
  summary: 'Start a Kong node.',
  options: startOptions,
  run: async (args, context) => {
    const config = loadStartConfig(args, context)
    if (runningPid(config.prefix) !== undefined) throw alreadyRunning(config.prefix)
    await readyDatabase(config, args, context)
    await startNode(config, context.output)
    return 0
  },
}

export function loadStartConfig(args: CommandArguments, context: CommandContext): KongConfig {
  noticeNginxConf(args, context)
  return loadCommandConfig(context, {
    conf: textOption(args, 'conf'),
    prefix: textOption(args, 'prefix'),
  })
}

/** Resolves when the node is ready, or, with `nginx_daemon = off`, when it has ended. */
export async function startNode(config: KongConfig, output: Output): Promise<void> {
  if (!existsSync(config.prefix)) {
    output.verbose(`prefix directory ${config.prefix} not found, trying to create it`)
  }
  output.verbose(`preparing prefix directory at ${config.prefix}`)
  preparePrefix(config)
  if (config.daemon) {
    const { spawnNode } = await import('#core/cli/spawn-node.ts')
    await spawnNode(config)
    output.line('Kong started')
  } else {
    const { runKong } = await import('#core/node/run-kong.ts')
    await runKong(config, () => output.line('Kong started'))
  }
}

/**
 * Sees to it that the node will find a database of its layout: with `--run-migrations` by making it so.
 * @throws MeshError saying which migrations are missing.
 */
export async function readyDatabase(
  config: KongConfig,
  args: CommandArguments,
  context: CommandContext,
): Promise<void> {
  // A SQLite file gets its layout when it is opened.
  if (config.database !== 'postgres') return
  const { requireLayout, runMigrations } = await import('#core/cli/database-layout.ts')
  if (args.options['run-migrations'] === true) await runMigrations(config, args, context.output)
  else await requireLayout(config, args, context.output)
}

/** @throws MeshError when the template does not exist. */
export function noticeNginxConf(args: CommandArguments, { cwd, output }: CommandContext): void {
  const template = textOption(args, 'nginx-conf')
  if (template === undefined) return
  if (!existsSync(resolve(cwd, template))) {
    throw new MeshError('no-such-file', `no such file: ${template}`)
  }
  output.warn(
    `--nginx-conf ${template} is not used: there is no nginx underneath; directives can be set by keys such as nginx_proxy_add_header`,
  )
}
