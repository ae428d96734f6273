import { setTimeout as sleep } from 'node:timers/promises'
import { prefixOption, textOption, type Command, type CommandArguments } from '#core/cli/command.ts'
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
    const timeoutMs = secondsOption(args, 'timeout', { byDefault: 10, least: 1 }) * 1000
    const waitMs = secondsOption(args, 'wait', { byDefault: 0, least: 0 }) * 1000
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

function secondsOption(
  args: CommandArguments,
  name: string,
  { byDefault, least }: { readonly byDefault: number; readonly least: number },
): number {
  const text = textOption(args, name)
  if (text === undefined) return byDefault
  const seconds = Number(text)
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < least) {
    throw new RangeError(
      `--${name} must be a number of seconds of at least ${least}, got '${text}'`,
    )
  }
  return seconds
}
