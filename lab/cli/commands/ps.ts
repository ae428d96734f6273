import { styleText } from 'node:util'
import { askLab } from '#lab/client/ask-lab.ts'
import { renderFault } from '#lab/faults/render-fault.ts'
import type { LabStatus, ProcessStatus } from '#lab/lab.ts'
import { UsageError, type Console, type Output } from '#lab/cli/command.ts'
import { findTarget, parseArguments } from '#lab/cli/parse-arguments.ts'
import { findLab } from '#lab/cli/running-lab.ts'

/** `meshyard ps [--state] [-o table|json] [--name NAME]`: 1 when no such lab is up. */
export async function ps(args: readonly string[], console: Console): Promise<number> {
  const { values } = parseArguments(args, {
    options: {
      output: { type: 'string', short: 'o', default: 'table' },
      state: { type: 'boolean', default: false },
    },
    positionals: 0,
  })
  if (values.output !== 'table' && values.output !== 'json') {
    throw new UsageError(`"${values.output}" is no output format: use table or json.`)
  }
  const target = findTarget(values.name, console)
  findLab(target)
  if (values.state) return printState(target.folder, values.output, console)
  const result = await askLab(target.folder, { command: 'status' })
  if (result.kind !== 'status') throw new Error(`status was answered with ${result.kind}`)
  const { stdout } = console
  stdout.write(
    values.output === 'json'
      ? `${JSON.stringify(result.status, undefined, 2)}\n`
      : renderTable(result.status, stdout),
  )
  return 0
}

async function printState(
  folder: string,
  output: 'table' | 'json',
  { stdout }: Console,
): Promise<number> {
  const result = await askLab(folder, { command: 'state' })
  if (result.kind !== 'state') throw new Error(`state was answered with ${result.kind}`)
  const { hash, namespaces } = result.state
  stdout.write(
    output === 'json' ? `${JSON.stringify({ hash, namespaces }, undefined, 2)}\n` : `${hash}\n`,
  )
  return 0
}

function renderTable(status: LabStatus, stdout: Output): string {
  const rows = status.nodes.map((node) => [
    node.name,
    node.kind,
    node.namespace,
    node.state,
    node.addresses.join(' ') || '-',
    node.processes.map(renderProcess).join(' ') || '-',
  ])
  const table = [['NODE', 'KIND', 'NAMESPACE', 'STATE', 'ADDRESSES', 'PROCESSES'], ...rows]
  const widths = table[0]?.map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  )
  const lines = table.map((row, index) =>
    row
      .map((cell, column) => {
        const padded = cell.padEnd(widths?.[column] ?? 0)
        return column === 3 && index > 0 ? colour(cell, padded, stdout) : padded
      })
      .join('  ')
      .trimEnd(),
  )
  return [
    `${status.name}: topology ${status.topology}, rules ${status.rules}, ${status.folder}`,
    ...lines,
    ...status.faults.map((fault) => `fault ${renderFault(fault)}`),
    '',
  ].join('\n')
}

/** `tcp:17`, or `tcp:dead (SIGKILL)` for one that does not run; pids are the lab's own. */
function renderProcess({ name, state, pid, ended }: ProcessStatus): string {
  if (pid !== undefined) return `${name}:${pid}`
  return ended === undefined ? `${name}:${state}` : `${name}:${state} (${ended})`
}

function colour(state: string, text: string, stream: Output): string {
  const found = colours.get(state)
  return found === undefined ? text : styleText(found, text, { stream, validateStream: true })
}

const colours: ReadonlyMap<string, 'green' | 'red' | 'yellow'> = new Map([
  ['running', 'green'],
  ['dead', 'red'],
  ['stopped', 'yellow'],
])
