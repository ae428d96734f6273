import { askFor } from '#lab/client/ask-lab.ts'
import { renderFault } from '#lab/faults/render-fault.ts'
import type { LabStatus, ProcessStatus } from '#lab/lab.ts'
import type { Console, Output } from '#lab/cli/command.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { paint, type Colour } from '#lab/cli/paint.ts'
import { findTarget, nameOption, parseArguments } from '#lab/cli/parse-arguments.ts'
import { renderTable } from '#lab/cli/render-table.ts'
import { findLab } from '#lab/cli/running-lab.ts'

/** `meshyard ps [--state] [-o table|json] [--name NAME]`: 1 when no such lab is up. */
export async function ps(args: readonly string[], console: Console): Promise<number> {
  const { values } = parseArguments(args, {
    options: {
      ...nameOption,
      output: { type: 'string', short: 'o', default: 'table' },
      state: { type: 'boolean', default: false },
    },
    positionals: 0,
  })
  const output = parseFormat(values.output, ['table', 'json'])
  const target = findTarget(values.name, console)
  findLab(target, console)
  if (values.state) return printState(target.folder, output, console)
  const { status } = await askFor('status', target.folder, { command: 'status' })
  const { stdout } = console
  stdout.write(
    output === 'json' ? `${JSON.stringify(status, undefined, 2)}\n` : renderStatus(status, stdout),
  )
  return 0
}

async function printState(
  folder: string,
  output: 'table' | 'json',
  { stdout }: Console,
): Promise<number> {
  const { state } = await askFor('state', folder, { command: 'state' })
  const { hash, namespaces } = state
  stdout.write(
    output === 'json' ? `${JSON.stringify({ hash, namespaces }, undefined, 2)}\n` : `${hash}\n`,
  )
  return 0
}

function renderStatus(status: LabStatus, stdout: Output): string {
  const rows = status.nodes.map((node) => [
    node.name,
    node.kind,
    node.namespace,
    colour(node.state, stdout),
    node.addresses.join(' ') || '-',
    node.processes.map(renderProcess).join(' ') || '-',
  ])
  const head = ['NODE', 'KIND', 'NAMESPACE', 'STATE', 'ADDRESSES', 'PROCESSES']
  return [
    `${status.name}: topology ${status.topology}, rules ${status.rules}, ${status.folder}\n`,
    renderTable([head, ...rows]),
    ...status.faults.map((fault) => `fault ${renderFault(fault)}\n`),
  ].join('')
}

/** `tcp:17`, or `tcp:dead (SIGKILL)` for one that does not run; pids are the lab's own. */
function renderProcess({ name, state, pid, ended }: ProcessStatus): string {
  if (pid !== undefined) return `${name}:${pid}`
  return ended === undefined ? `${name}:${state}` : `${name}:${state} (${ended})`
}

function colour(state: string, stream: Output): string {
  const found = colours.get(state)
  return found === undefined ? state : paint(found, state, stream)
}

const colours: ReadonlyMap<string, Colour> = new Map([
  ['running', 'green'],
  ['dead', 'red'],
  ['stopped', 'yellow'],
])
