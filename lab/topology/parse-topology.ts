import { planFaults } from '#netns/plan-faults.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { completeTopology } from './complete-topology.ts'
import { describeIssues, type Fault } from './describe-issues.ts'
import { suggest } from './suggest.ts'
import { planLab } from './plan.ts'
import { topologyFaults } from './topology-faults.ts'
import { fieldNames } from './schema-json.ts'
import { topologySchema } from './topology-schema.ts'
import type { Topology } from './topology.ts'

export interface ParseOptions {
  /** What a topology is called that names itself not. Default: it has to. */
  readonly name?: string
  /** Where a fault is in the source, `3:7`. */
  readonly locate?: (fault: Pick<Fault, 'path' | 'key'>) => string
}

/** A topology that cannot run; its message lists every fault with its place, such as `mesh.yaml:7:5 nodes[2].namespace`. */
export class TopologyError extends LabError {
  readonly #faults: readonly Fault[]

  constructor(faults: readonly Fault[], source: string, locate?: ParseOptions['locate']) {
    const lines = faults.map((fault) => {
      const place = locate === undefined ? '' : `${source}:${locate(fault)} `
      return `  ${place}${renderPath(fault)}: ${fault.message}`
    })
    // What may be one thing or another is told of each that it is not.
    const told = [...new Set(lines)].join('\n')
    super(
      `The topology ${source} cannot run:\n${told}\nEvery field is described by "meshyard validate --schema".`,
    )
    this.#faults = faults
  }

  /** The same, of a file that turned out to be its source. */
  in(source: string, locate: ParseOptions['locate']): TopologyError {
    return new TopologyError(this.#faults, source, locate)
  }
}

/**
 * Turns the content of a topology file into a topology.
 * @throws TopologyError
 */
export function parseTopology(
  value: unknown,
  source: string,
  { name, locate }: ParseOptions = {},
): Topology {
  const found = read(value, name)
  if ('topology' in found) return found.topology
  throw new TopologyError(found.faults, source, locate)
}

function read(
  value: unknown,
  name: string | undefined,
): { readonly topology: Topology } | { readonly faults: readonly Fault[] } {
  const parsed = topologySchema.safeParse(value)
  const unnamed = parsed.data?.name === undefined && name === undefined
  if (!parsed.success) return { faults: describeIssues(parsed.error.issues, value, fieldNames()) }
  if (unnamed) return { faults: [{ path: ['name'], message: 'is missing' }] }
  const topology = completeTopology(parsed.data, { name: name ?? '' })
  const told = topologyFaults(topology)
  const faults = (told.length > 0 ? told : unplaceable(topology)).map((fault) =>
    parseFault(fault, topology),
  )
  return faults.length === 0 ? { topology } : { faults }
}

/** What keeps the network from being built that no field alone tells, such as more interfaces than there can be. */
function unplaceable(topology: Topology): readonly string[] {
  const nowhere = { name: topology.name, folder: '/', root: '/', node: 'node', bare: true }
  return planFaults(planLab(topology, nowhere).network)
}

/** `nodes[2].namespace: there is no …`: with the name that may have been meant. */
function parseFault(fault: string, { namespaces, nodes, links }: Topology): Fault {
  const [, place = '', message = fault] = /^([\w.[\]]+): (.*)$/s.exec(fault) ?? []
  const path = place.split(/[.[\]]+/).filter((step) => step !== '')
  const [, kind, wrong = ''] = /there is no (namespace|node) "([^"]*)"/.exec(message) ?? []
  const [, noInterface = '', where] = /"([^"]*)" is no interface of (\S+)/.exec(message) ?? []
  const known: Readonly<Record<string, readonly string[]>> = {
    namespace: namespaces.map((each) => each.name),
    node: nodes.map((each) => each.name),
  }
  const interfaces = links
    .flatMap(({ ends }) => ends)
    .filter(({ namespace }) => namespace === where)
    .map((end) => end.interface)
  return {
    path: path.map((step) => (/^\d+$/.test(step) ? Number(step) : step)),
    message: `${message}${suggest(wrong, known[kind ?? ''] ?? [])}${suggest(noInterface, interfaces)}`,
  }
}

function renderPath({ path, key }: Fault): string {
  const place = [...path, ...(key === undefined ? [] : [key])]
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
  return place.replace(/^\./, '') || 'the file'
}
