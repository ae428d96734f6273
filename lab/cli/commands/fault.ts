import { askFor } from '#lab/client/ask-lab.ts'
import { momentary, type FaultStatus } from '#lab/faults/fault-spec.ts'
import { renderFault } from '#lab/faults/render-fault.ts'
import type { LabRequest } from '#lab/holder/messages.ts'
import { typed } from '#lab/cli/called-as.ts'
import { UsageError, type Console } from '#lab/cli/command.ts'
import { faultKinds, nodeFaults } from '#lab/faults/fault-kinds.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { findTarget, nameOption, parseArguments, type Target } from '#lab/cli/parse-arguments.ts'
import { findLab, optionsOf } from '#lab/cli/running-lab.ts'
import { orUsage } from '#lab/cli/wrong-value.ts'

const nodeKinds: ReadonlySet<string> = new Set(nodeFaults)
const resetWays: ReadonlySet<string> = new Set(['kernel', 'rules'])
const words = ['from', 'to', 'offset', 'by'] as const
const numbers = ['ms', 'jitter-ms', 'percent', 'mbit', 'seed', 'lifetime-days'] as const

/**
 * `meshyard fault [add] KIND [LINK|NODE] …`, `meshyard fault heal [ID | --all]`, `meshyard fault list`: 1 when no such lab
 * is up or the fault cannot be.
 */
export async function fault(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args.map(asOffset), {
    options: {
      ...nameOption,
      from: { type: 'string' },
      to: { type: 'string' },
      offset: { type: 'string' },
      by: { type: 'string' },
      all: { type: 'boolean', default: false },
      output: { type: 'string', short: 'o', default: 'table' },
      ms: { type: 'string' },
      'jitter-ms': { type: 'string' },
      percent: { type: 'string' },
      mbit: { type: 'string' },
      seed: { type: 'string' },
      'lifetime-days': { type: 'string' },
    },
    positionals: 4,
  })
  const output = parseFormat(values.output, ['table', 'json'])
  if (values.by !== undefined && !resetWays.has(values.by)) {
    throw new UsageError(`A reset goes by kernel or rules, not by "${values.by}".`)
  }
  const [verb = 'list', ...rest] = positionals
  const target = findTarget(values.name, console)
  const { stdout, env } = console
  if (values.all && verb !== 'heal') throw new UsageError('--all goes with heal.')
  const given = ([...words, ...numbers] as const).filter((name) => values[name] !== undefined)
  switch (verb) {
    case 'list': {
      refuseSurplus(rest)
      refuseOptions(verb, given)
      findLab(target, console)
      const listed = await ask(target, { command: 'faults' })
      stdout.write(output === 'json' ? renderJson(listed) : renderList(listed))
      return 0
    }
    case 'heal': {
      const [id, ...surplus] = rest
      refuseSurplus(surplus)
      refuseOptions(verb, given)
      if ((id === undefined) !== values.all) {
        throw new UsageError('Say which fault to heal, or --all; "fault list" shows them.')
      }
      findLab(target, console)
      const healed = await ask(target, { command: 'heal', id })
      stdout.write(output === 'json' ? renderJson(healed) : renderHealed(healed))
      return 0
    }
    default: {
      const spec = {
        ...readPlace(verb === 'add' ? rest : positionals),
        ...Object.fromEntries(
          words.flatMap((name) => {
            const value = values[name]
            return value === undefined ? [] : [[name, value]]
          }),
        ),
        ...Object.fromEntries(
          numbers.flatMap((name) => {
            const text = values[name]
            return text === undefined ? [] : [[fieldOf(name), readNumber(name, text)]]
          }),
        ),
      }
      const made = await make(spec, target, console)
      stdout.write(
        output === 'json'
          ? renderJson(made)
          : made.map((each) => `${renderFault(each)}\n`).join(''),
      )
      const [first] = made
      if (output === 'table' && first !== undefined && !momentary.has(first.spec.kind)) {
        const heal = typed('fault', ['heal', first.id, ...optionsOf(target.name)], env)
        stdout.write(`Heal it with "${heal}".\n`)
      }
      return 0
    }
  }
}

/** @throws UsageError for what can be broken in no lab. */
async function make(
  spec: unknown,
  target: Target,
  console: Console,
): Promise<readonly FaultStatus[]> {
  try {
    findLab(target, console)
    return await ask(target, { command: 'fault', spec })
  } catch (error) {
    // Only now: its schema library takes longer to load than all else here.
    const { readFault } = await import('#lab/faults/parse-fault.ts')
    orUsage(() => readFault(spec))
    throw error
  }
}

/** Asks the lab about faults; also what `link` does is one. */
export async function ask(
  { folder }: Target,
  request: LabRequest,
): Promise<readonly FaultStatus[]> {
  const { faults } = await askFor('faults', folder, request)
  return faults
}

function readPlace([kind, place, offset]: readonly string[]): Readonly<Record<string, string>> {
  if (kind === undefined) {
    throw new UsageError('Say what to break: a kind of fault, and the link or node that it hits.')
  }
  if (!faultKinds.some((known) => known === kind)) {
    throw new UsageError(`"${kind}" is no kind of fault: use ${faultKinds.join(', ')}.`)
  }
  if (place !== undefined && kind === 'store-down') refuseSurplus([place])
  if (offset !== undefined && kind !== 'clock') refuseSurplus([offset])
  return {
    kind,
    ...(place !== undefined && { [nodeKinds.has(kind) ? 'node' : 'link']: place }),
    ...(offset !== undefined && { offset }),
  }
}

function refuseSurplus([surplus]: readonly string[]): void {
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many.`)
}

function refuseOptions(verb: string, [given]: readonly string[]): void {
  if (given !== undefined) throw new UsageError(`--${given} does not go with ${verb}.`)
}

/** `-3d`, which is no option, as it is written behind `clock NODE`. */
function asOffset(argument: string): string {
  return /^-\d+[a-z]$/.test(argument) ? `--offset=${argument}` : argument
}

function readNumber(name: string, text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new UsageError(`--${name} takes a number, not "${text}".`)
  }
  return value
}

function fieldOf(option: string): string {
  return option.replaceAll(/-[a-z]/g, (part) => part.slice(1).toUpperCase())
}

function renderJson(faults: readonly FaultStatus[]): string {
  return `${JSON.stringify(faults, undefined, 2)}\n`
}

function renderList(faults: readonly FaultStatus[]): string {
  if (faults.length === 0) return 'Nothing is broken.\n'
  return faults.map((each) => `${renderFault(each)}\n`).join('')
}

function renderHealed(faults: readonly FaultStatus[]): string {
  if (faults.length === 0) return 'Nothing was broken.\n'
  return faults.map(({ id, spec }) => `${id} (${spec.kind}) is healed.\n`).join('')
}
