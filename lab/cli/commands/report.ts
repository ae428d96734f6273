import type { Console } from '#lab/cli/command.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'
import { runReports } from '#lab/cli/run-reports.ts'

/** `meshyard report [RUN] [--format FORMAT] [--out FOLDER]`: 0 when it is written, 2 when there is no such run or format. */
export function report(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: { format: { type: 'string' }, out: { type: 'string' } },
    positionals: 1,
  })
  const { format, out } = values
  return runReports(
    [
      ...positionals,
      ...(format === undefined ? [] : ['--format', format]),
      ...(out === undefined ? [] : ['--out', out]),
    ],
    console,
  )
}
