import { UsageError, type Console } from '#lab/cli/command.ts'
import { findCommand } from '#lab/cli/command-table.ts'
import { renderCommandHelp, renderOverview } from '#lab/cli/render-help.ts'

/** `meshyard help [COMMAND]`. */
export function help(args: readonly string[], { stdout }: Console): Promise<number> {
  const [wanted, surplus] = args
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many.`)
  const entry = wanted === undefined ? undefined : findCommand(wanted)
  if (wanted !== undefined && entry === undefined) {
    throw new UsageError(`There is no command "${wanted}".`)
  }
  stdout.write(entry === undefined ? renderOverview(stdout) : renderCommandHelp(entry, stdout))
  return Promise.resolve(0)
}
