import type { Output } from './command.ts'
import { commandGroups, type CommandEntry, type OptionEntry } from './command-entry.ts'
import { commandTable } from './command-table.ts'
import { paint } from './paint.ts'
import { renderTable } from './render-table.ts'

/** Every command on a line. */
export function renderOverview(stream: Output): string {
  const width = Math.max(...commandTable.map(({ name }) => name.length))
  const groups = commandGroups.map((group) => {
    const lines = commandTable
      .filter((entry) => entry.group === group)
      .map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`)
    return `${paint('bold', group, stream)}\n${lines.join('')}`
  })
  return `Usage: meshyard COMMAND

${groups.join('\n')}
"meshyard help COMMAND" tells more, "meshyard --version" which one this is. Labs are told apart by --name NAME, or
MESHYARD_NAME; run folders are in .meshyard, or in MESHYARD_HOME. Colours go by NO_COLOR and FORCE_COLOR.

Exit codes: 0 done; 1 what was asked for failed, or is not there (a lab, node, link, file or run); 2 the command line is
wrong. "exec" and "shell" end with the exit code of what they ran, a command that Ctrl-C broke off with 130.
`
}

/** All about one command. */
export function renderCommandHelp(entry: CommandEntry, stream: Output): string {
  const { name, usage, summary, options, details } = entry
  const rows = options.map((option) => [`  ${renderOption(option)}`, describe(option)])
  return [
    `Usage: ${`meshyard ${name} ${usage}`.trim()}`,
    '',
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    ...(details === undefined ? [] : ['', details]),
    ...(rows.length === 0
      ? []
      : ['', paint('bold', 'Options', stream), renderTable(rows).trimEnd()]),
    '',
  ].join('\n')
}

function renderOption({ short, long, value }: OptionEntry): string {
  const names = short === undefined ? `    ${long}` : `${short}, ${long}`
  return value === undefined ? names : `${names} ${value}`
}

function describe({ text, variable }: OptionEntry): string {
  return variable === undefined ? text : `${text} (or ${variable})`
}
