import { MeshError } from '#core/base/errors.ts'
import {
  confOption,
  prefixOption,
  secondsOption,
  textOption,
  type Command,
} from '#core/cli/command.ts'
import { loadNodeConfig } from '#core/cli/configuration.ts'

/** What nodes need beyond hearing of a change: to sign a certificate and to finish handshakes that have begun, in s. */
const slackSeconds = 2

export const mesh: Command = {
  usage: 'mesh COMMAND [OPTIONS]',
  summary: 'Work with the mesh that the nodes of a cluster form.',
  subcommands: {
    'rotate-ca':
      'replace the certificate authority of the running cluster; no connection is dropped, and a rotation that was broken off is brought to its end',
  },
  options: {
    conf: confOption,
    prefix: prefixOption,
    wait: {
      type: 'string',
      help: `seconds that all nodes may take to notice each of the steps (default db_update_frequency and ${slackSeconds} more)`,
    },
  },
  run: async (args, context) => {
    const config = loadNodeConfig(context, {
      conf: textOption(args, 'conf'),
      prefix: textOption(args, 'prefix'),
    })
    const waitMs = secondsOption(args, 'wait', {
      byDefault: config.dbUpdateFrequency + slackSeconds,
      least: 0,
    })
    if (config.database === 'off') {
      throw new MeshError(
        'no-database',
        "'kong mesh rotate-ca' only works with a database.\nWhen using database=off, declare the new authority as 'next' of 'cluster_ca', then exchange the two with the old one as 'previous', and then leave that out.",
      )
    }
    const { openStore } = await import('#core/node/kong-store.ts')
    const { rotateClusterCa } = await import('#core/kong/mesh/rotate-cluster-ca.ts')
    await using store = await openStore(config)
    await rotateClusterCa(store, { waitMs, say: (message) => context.output.line(message) })
    return 0
  },
}
