import { confOption, prefixOption, type Command } from '#core/cli/command.ts'
import { preparePrefix } from '#core/kong/prefix.ts'
import { loadStartConfig } from './start.ts'

export const prepare: Command = {
  usage: 'prepare [OPTIONS]',
  summary: 'Make the prefix folder of a Kong node without starting it.',
  options: {
    conf: confOption,
    prefix: prefixOption,
    'nginx-conf': { type: 'string', help: 'refused: there is no nginx underneath' },
  },
  run: async (args, context) => {
    preparePrefix(loadStartConfig(args, context))
    return 0
  },
}
