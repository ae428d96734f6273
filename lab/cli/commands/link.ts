import { askFor } from '#lab/client/ask-lab.ts'
import type { LabLink } from '#lab/faults/read-links.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { UsageError, type Console } from '#lab/cli/command.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { findTarget, nameOption, parseArguments, type Target } from '#lab/cli/parse-arguments.ts'
import { renderTable } from '#lab/cli/render-table.ts'
import { findLab } from '#lab/cli/running-lab.ts'
import { ask } from './fault.ts'

/** `meshyard link [NAME [up|down]] [--from NODE] [-o table|json]`: lists links, or takes one down and up again. */
export async function link(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      ...nameOption,
      from: { type: 'string' },
      output: { type: 'string', short: 'o', default: 'table' },
    },
    positionals: 2,
  })
  const output = parseFormat(values.output, ['table', 'json'])
  const [name, state] = positionals
  if (state !== undefined && state !== 'up' && state !== 'down') {
    throw new UsageError(`A link goes up or down, not "${state}".`)
  }
  const { from } = values
  if (from !== undefined && state !== 'down') {
    throw new UsageError('--from goes with taking a link down: LINK down --from NODE.')
  }
  const target = findTarget(values.name, console)
  findLab(target, console)
  if (name !== undefined && state === 'down') {
    const spec = { kind: 'down', link: name, ...(from !== undefined && { from }) }
    await ask(target, { command: 'fault', spec })
  }
  if (name !== undefined && state === 'up') await bringUp(target, name)
  const links = await listLinks(target)
  const wanted = links.filter((each) => name === undefined || each.name === name)
  if (wanted.length === 0 && name !== undefined) {
    const names = links.map((each) => each.name).join(', ') || 'none'
    throw new LabError(`The lab ${target.name} has no link "${name}"; it has ${names}.`)
  }
  console.stdout.write(
    output === 'json' ? `${JSON.stringify(wanted, undefined, 2)}\n` : renderLinks(wanted),
  )
  return 0
}

async function bringUp(target: Target, name: string): Promise<void> {
  const faults = await ask(target, { command: 'faults' })
  const down = faults.filter(({ spec }) => spec.kind === 'down' && spec.link === name)
  // oxlint-disable-next-line no-await-in-loop -- the lab does one thing at a time
  for (const { id } of down) await ask(target, { command: 'heal', id })
}

async function listLinks({ folder }: Target): Promise<readonly LabLink[]> {
  const { links } = await askFor('links', folder, { command: 'links' })
  return links
}

function renderLinks(links: readonly LabLink[]): string {
  const rows = links.flatMap(({ name, kind, ends, faults }) =>
    ends.map((end, index) => [
      index === 0 ? name : '',
      index === 0 ? kind : '',
      `${end.nodes.join('+') || end.namespace}:${end.interface}`,
      end.state,
      `${end.sent.packets}/${end.sent.bytes}`,
      `${end.received.packets}/${end.received.bytes}`,
      end.addresses.join(' ') || '-',
      index === 0 ? faults.join(' ') : '',
    ]),
  )
  const head = [
    'LINK',
    'KIND',
    'END',
    'STATE',
    'SENT (PACKETS/BYTES)',
    'RECEIVED',
    'ADDRESSES',
    'FAULTS',
  ]
  return renderTable([head, ...rows])
}
