import { existsSync } from 'node:fs'
import { MeshError } from '#core/base/errors.ts'
import { prefixOption, textOption, type Command } from '#core/cli/command.ts'
import { findPrefix } from '#core/cli/find-node.ts'
import { runningPid } from '#core/kong/pid-file.ts'
import { prefixPaths } from '#core/kong/prefix.ts'

export const health: Command = {
  usage: 'health [OPTIONS]',
  summary: 'Tell whether a Kong node runs.',
  options: { prefix: prefixOption },
  run: async (args, context) => {
    const prefix = findPrefix(context, textOption(args, 'prefix'))
    const notRunning = new MeshError('not-running', `Kong is not running at ${prefix}`)
    if (!existsSync(prefixPaths(prefix).kongEnv)) throw notRunning
    const running = runningPid(prefix) !== undefined
    // One line for each service of Kong 1.1, of which one is left.
    context.output.line(`nginx.......${running ? 'running' : 'not running'}\n`)
    if (!running) throw notRunning
    context.output.line(`Kong is healthy at ${prefix}`)
    return 0
  },
}
