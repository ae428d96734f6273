import type { Console } from '#lab/cli/command.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'
import { reportFormats } from '#lab/cli/report-formats.ts'
import { runReports } from '#lab/cli/run-reports.ts'

/** `meshyard report [RUN] [--format FORMAT] [--out FOLDER]`: 0 when it is written, 1 when there is no such run. */
export async function report(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: { format: { type: 'string' }, out: { type: 'string' } },
    positionals: 1,
  })
  const { out } = values
  const format = values.format === undefined ? undefined : parseFormat(values.format, reportFormats)
  return runReports(
    [
      ...positionals,
      ...(format === undefined ? [] : ['--format', format]),
      ...(out === undefined ? [] : ['--out', out]),
    ],
    console,
  )
}
