import { setTimeout as sleep } from 'node:timers/promises'
import { prefixOption, secondsOption, textOption, type Command } from '#core/cli/command.ts'
import { findNode, findPrefix, isGoneWithin } from '#core/cli/find-node.ts'
import { stopNode } from './stop.ts'

export const quit: Command = {
  usage: 'quit [OPTIONS]',
  summary: 'Stop a running Kong node when its connections have finished.',
  options: {
    prefix: prefixOption,
    timeout: {
      type: 'string',
      short: 't',
      help: 'seconds until it is stopped by force (default 10)',
    },
    wait: { type: 'string', short: 'w', help: 'seconds to wait before (default 0)' },
  },
  run: async (args, context) => {
    // Kong 1.1 takes less than a second for a second.
    const timeoutMs = Math.max(secondsOption(args, 'timeout', { byDefault: 10, least: 0 }), 1000)
    const waitMs = secondsOption(args, 'wait', { byDefault: 0, least: 0 })
    const node = findNode(findPrefix(context, textOption(args, 'prefix')))
    if (waitMs > 0) await sleep(waitMs)
    process.kill(node.pid, 'SIGQUIT')
    if (await isGoneWithin(node, timeoutMs)) {
      context.output.line('Kong stopped (gracefully)')
    } else {
      await stopNode(node)
      context.output.line('Timeout, Kong stopped forcefully')
    }
    return 0
  },
}
