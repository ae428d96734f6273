import type { LinkSpec, NodeKind, NodeSpec } from '#lab/topology/topology.ts'

/** A topology as what is connected with what. */
export interface Graph {
  readonly name: string
  readonly summary: string
  readonly places: readonly Place[]
  readonly wires: readonly Wire[]
}

/** A namespace with the nodes in it, or a bridge. */
export interface Place {
  readonly id: string
  readonly kind: NodeKind | 'pod' | 'bridge'
  /** The first names it, the others tell more. */
  readonly lines: readonly string[]
  /** Whose connections are led into a proxy here. */
  readonly intercepts: boolean
}

/** The part of a topology that is drawn; the plan of a lab has it, too. */
export interface GraphSource {
  readonly name: string
  readonly summary: string
  readonly namespaces: readonly { readonly name: string }[]
  readonly nodes: readonly Omit<NodeSpec, 'processes'>[]
  readonly links: readonly LinkSpec[]
  readonly interception: readonly { readonly namespace: string }[]
}

export interface Wire {
  readonly from: string
  readonly to: string
  /** The name of the link; empty at a bridge, which has it itself. */
  readonly label: string
}

/** Namespaces that hold nothing but bridges are left out: their bridges stand for them. */
export function compileGraph({
  name,
  summary,
  namespaces,
  nodes,
  links,
  interception,
}: GraphSource): Graph {
  const bridges = links.filter((link) => link.kind === 'bridge')
  const isSwitch = (namespace: string): boolean =>
    bridges.some((bridge) => bridge.namespace === namespace) &&
    nodes.every((node) => node.namespace !== namespace || node.kind === 'switch')
  const places = namespaces
    .filter((namespace) => !isSwitch(namespace.name))
    .map((namespace): Place => {
      const inside = nodes.filter((node) => node.namespace === namespace.name)
      const [only, ...others] = inside
      const describe = ({
        name: node,
        kind,
        addresses,
      }: (typeof nodes)[number]): readonly string[] => [`${node} (${kind})`, ...addresses]
      const isAlone = only !== undefined && others.length === 0
      return {
        id: namespace.name,
        kind: isAlone ? only.kind : 'pod',
        lines: isAlone
          ? describe(only)
          : [namespace.name, ...inside.flatMap((node) => describe(node).join(' '))],
        intercepts: interception.some((spec) => spec.namespace === namespace.name),
      }
    })
  return {
    name,
    summary,
    places: [
      ...places,
      ...bridges.map((bridge): Place => ({
        id: bridgeId(bridge.name),
        kind: 'bridge',
        lines: [bridge.name],
        intercepts: false,
      })),
    ],
    wires: links.flatMap((link): Wire[] => {
      if (link.kind === 'veth') {
        const [one, other] = link.ends
        return [{ from: one.namespace, to: other.namespace, label: link.name }]
      }
      return link.ends.map((end) => ({
        from: end.namespace,
        to: bridgeId(link.name),
        label: '',
      }))
    }),
  }
}

function bridgeId(name: string): string {
  return `bridge ${name}`
}
