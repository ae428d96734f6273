import { MeshError } from '#core/base/errors.ts'
import {
  confOption,
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
  'nginx-conf': { type: 'string', help: 'refused: there is no nginx underneath' },
  'run-migrations': { type: 'boolean', help: 'accepted; the store migrates by itself' },
  'db-timeout': { type: 'string', help: 'accepted, without effect' },
  'lock-timeout': { type: 'string', help: 'accepted, without effect' },
}

export const start: Command = {
  usage: 'start [OPTIONS]',
  summary: 'Start a Kong node.',
  options: startOptions,
  run: async (args, context) => {
    const config = loadStartConfig(args, context)
    if (runningPid(config.prefix) !== undefined) throw alreadyRunning(config.prefix)
    await startNode(config, context.output)
    return 0
  },
}

export function loadStartConfig(args: CommandArguments, context: CommandContext): KongConfig {
  refuseNginxConf(args)
  return loadCommandConfig(context, {
    conf: textOption(args, 'conf'),
    prefix: textOption(args, 'prefix'),
  })
}

/** Resolves when the node is ready, or, with `nginx_daemon = off`, when it has ended. */
export async function startNode(config: KongConfig, output: Output): Promise<void> {
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

/** @throws MeshError for a template of a configuration that does not exist here. */
export function refuseNginxConf(args: CommandArguments): void {
  if (textOption(args, 'nginx-conf') !== undefined) {
    throw new MeshError(
      'unsupported-option',
      '--nginx-conf is not supported: there is no nginx underneath; set directives by nginx_proxy_* and nginx_sproxy_* keys',
    )
  }
}
