import type { Command } from '#core/cli/command.ts'
import { printLine } from '#core/cli/output.ts'
import { kongVersion } from '#core/kong/version.ts'

export const version: Command = {
  usage: 'version [OPTIONS]',
  summary: 'Print the version of Kong whose behaviour this is.',
  options: {
    all: { type: 'boolean', short: 'a', help: 'print the versions of what it stands on' },
  },
  run: async (args) => {
    if (args.options['all'] === true) {
      const { node, openssl, sqlite } = process.versions
      printLine(`Kong: ${kongVersion}\nNode: ${node}\nOpenSSL: ${openssl}\nSQLite: ${sqlite}`)
    } else {
      printLine(kongVersion)
    }
    return 0
  },
}
