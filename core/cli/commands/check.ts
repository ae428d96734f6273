import type { Command } from '#core/cli/command.ts'
import { loadCommandConfig } from '#core/cli/configuration.ts'
import { ConfigError } from '#core/kong/config/config-error.ts'

export const check: Command = {
  usage: 'check [CONF]',
  summary: 'Check the validity of a configuration file (default /etc/kong/kong.conf).',
  options: {},
  positionals: 1,
  run: async (args, context) => {
    const conf = args.positionals[0] ?? '/etc/kong/kong.conf'
    try {
      loadCommandConfig(context, { conf, prefix: undefined })
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const fault of error.faults) context.output.error(fault)
      return 1
    }
    context.output.line(`configuration at ${conf} is valid`)
    return 0
  },
}
