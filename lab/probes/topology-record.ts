import type { TopologyRecord } from '#reports/record/record.ts'
import type { Topology } from '#lab/topology/topology.ts'

/** A topology in the words of the report. A switch is not a node there: the link it makes stands for it. */
export function toTopologyRecord({ name, nodes, links }: Topology): TopologyRecord {
  const shown = nodes.filter(({ kind }) => kind !== 'switch')
  return {
    name,
    nodes: shown.map((node) => ({
      name: node.name,
      kind: node.kind,
      namespace: node.namespace,
      addresses: node.addresses,
    })),
    links: links.map((link) => ({
      name: link.name,
      between: link.ends.map(
        (end) => shown.find((node) => node.namespace === end.namespace)?.name ?? end.namespace,
      ),
    })),
  }
}
