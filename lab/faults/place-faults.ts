import type { LinkPlan } from '#netns/network-plan.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import type { FaultSpec } from './fault-spec.ts'

/** What a fault names that the lab does not have; empty when it has all of it. */
export function placeFaults(spec: FaultSpec, plan: LabPlan): readonly string[] {
  if ('link' in spec) return linkFaults(spec, plan)
  if ('node' in spec) return nodeFaults(spec.node, plan)
  return plan.processes.some(({ kong }) => kong !== undefined)
    ? []
    : [`the lab ${plan.name} runs no Kong node, and so has no store`]
}

function linkFaults(spec: Extract<FaultSpec, { link: string }>, plan: LabPlan): readonly string[] {
  const { links } = plan.network
  const link = links.find(({ name }) => name === spec.link)
  if (links.length === 0) {
    return [
      `the lab ${plan.name} (${plan.topology}) has no links: its nodes share one namespace, with no wire between them to break; bring up another topology, such as sidecars`,
    ]
  }
  if (link === undefined) {
    return [
      `link: there is no "${spec.link}"; there are ${links.map(({ name }) => name).join(', ')}`,
    ]
  }
  const named = ['from' in spec ? spec.from : undefined, 'to' in spec ? spec.to : undefined]
  const faults = named.flatMap((node, index) =>
    node === undefined ? [] : endFaults(index === 0 ? 'from' : 'to', node, link, plan),
  )
  const [from, to] = named
  if (faults.length === 0 && from !== undefined && from === to) {
    return [`to: "${to}" is where the packets come from; name another node`]
  }
  if (from !== undefined && to !== undefined && spec.kind === 'rate' && link.kind === 'bridge') {
    return [
      ...faults,
      'to: on a bridge a rate is of all that a node sends, or receives; leave out one of the two',
    ]
  }
  return faults
}

function endFaults(field: string, node: string, link: LinkPlan, plan: LabPlan): readonly string[] {
  const unknown = nodeFaults(node, plan, field)
  if (unknown.length > 0) return unknown
  if (namespacesOf(link).has(namespaceOf(node, plan))) return []
  const nodes = plan.nodes.filter(({ namespace }) => namespacesOf(link).has(namespace))
  return [
    `${field}: "${node}" has no end of the link ${link.name}; ${nodes.map(({ name }) => name).join(', ')} have`,
  ]
}

function nodeFaults(node: string, plan: LabPlan, field = 'node'): readonly string[] {
  if (plan.nodes.some(({ name }) => name === node)) return []
  return [
    `${field}: there is no "${node}"; there are ${plan.nodes.map(({ name }) => name).join(', ')}`,
  ]
}

function namespacesOf(link: LinkPlan): ReadonlySet<string> {
  return new Set(link.ends.map(({ namespace }) => namespace))
}

function namespaceOf(node: string, plan: LabPlan): string {
  return plan.nodes.find(({ name }) => name === node)?.namespace ?? ''
}
