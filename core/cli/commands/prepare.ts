import { confOption, nginxConfOption, prefixOption, type Command } from '#core/cli/command.ts'
import { makeMissingCertificates } from '#core/kong/default-certificate.ts'
import { preparePrefix } from '#core/kong/prefix.ts'
import { loadStartConfig } from './start.ts'

export const prepare: Command = {
  usage: 'prepare [OPTIONS]',
  summary: 'Make the prefix folder of a Kong node without starting it.',
  options: {
    conf: confOption,
    prefix: prefixOption,
    'nginx-conf': nginxConfOption,
  },
  run: async (args, context) => {
    const config = loadStartConfig(args, context)
    preparePrefix(config)
    await makeMissingCertificates(config)
    return 0
  },
}
