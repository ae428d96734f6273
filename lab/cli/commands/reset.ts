import { askFor } from '#lab/client/ask-lab.ts'
import type { Console } from '#lab/cli/command.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { findTarget, nameOption, parseArguments } from '#lab/cli/parse-arguments.ts'
import { findLab } from '#lab/cli/running-lab.ts'
import type { ResetReport } from '#lab/lab.ts'

/** `meshyard reset [-o text|json] [--name NAME]`: 1 when the lab is not as it was after it came up. */
export async function reset(args: readonly string[], console: Console): Promise<number> {
  const { values } = parseArguments(args, {
    options: { ...nameOption, output: { type: 'string', short: 'o', default: 'text' } },
    positionals: 0,
  })
  const output = parseFormat(values.output, ['text', 'json'])
  const target = findTarget(values.name, console)
  findLab(target, console)
  const { report } = await askFor('reset', target.folder, { command: 'reset' })
  console.stdout.write(
    output === 'json'
      ? `${JSON.stringify(report, undefined, 2)}\n`
      : renderReport(target.name, report),
  )
  return report.clean ? 0 : 1
}

function renderReport(name: string, report: ResetReport): string {
  const { clean, hash, durationMs, restored, differences } = report
  const outcome = clean
    ? `is as it was when it came up, state ${hash.slice(0, 12)}`
    : 'is not as it was when it came up; take it down and up again'
  return [
    ...restored.map((line) => `  ${line}`),
    `The lab ${name} ${outcome} (${Math.round(durationMs)} ms).`,
    ...differences.map((line) => `  ${line}`),
    '',
  ].join('\n')
}
