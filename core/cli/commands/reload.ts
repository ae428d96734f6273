import { existsSync } from 'node:fs'
import {
  confOption,
  nginxConfOption,
  prefixOption,
  textOption,
  type Command,
} from '#core/cli/command.ts'
import { loadCommandConfig } from '#core/cli/configuration.ts'
import { findNode, findPrefix } from '#core/cli/find-node.ts'
import { preparePrefix, prefixPaths } from '#core/kong/prefix.ts'
import { noticeNginxConf } from './start.ts'

export const reload: Command = {
  usage: 'reload [OPTIONS]',
  summary: 'Make a running Kong node read its configuration again; no connection is dropped.',
  options: {
    conf: confOption,
    prefix: prefixOption,
    'nginx-conf': nginxConfOption,
  },
  run: async (args, context) => {
    noticeNginxConf(args, context)
    const named = textOption(args, 'conf')
    const prefix =
      named === undefined
        ? findPrefix(context, textOption(args, 'prefix'))
        : loadCommandConfig(context, { conf: named, prefix: textOption(args, 'prefix') }).prefix
    const node = findNode(prefix)
    const { kongEnv } = prefixPaths(prefix)
    const conf = named ?? (existsSync(kongEnv) ? kongEnv : undefined)
    // What is wrong with it is told here, before the node hears of it.
    preparePrefix(loadCommandConfig(context, { conf, prefix }))
    process.kill(node.pid, 'SIGHUP')
    context.output.line('Kong reloaded')
    return 0
  },
}
