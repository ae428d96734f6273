import type { Command } from '#core/cli/command.ts'
import { findNode } from '#core/cli/find-node.ts'
import { runningPid } from '#core/kong/pid-file.ts'
import { loadStartConfig, readyDatabase, startNode, startOptions } from './start.ts'
import { stopNode } from './stop.ts'

export const restart: Command = {
  usage: 'restart [OPTIONS]',
  summary: 'Stop a Kong node if it runs, then start it.',
  options: startOptions,
  run: async (args, context) => {
    // A configuration that cannot be used stops nothing.
    const config = loadStartConfig(args, context)
    await readyDatabase(config, args, context)
    if (runningPid(config.prefix) !== undefined) await stopNode(findNode(config.prefix))
    await startNode(config, context.output)
    return 0
  },
}
