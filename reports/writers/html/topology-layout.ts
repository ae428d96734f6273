import type { TopologyRecord } from '#reports/record/record.ts'

export interface Box {
  readonly name: string
  readonly kind: TopologyRecord['nodes'][number]['kind'] | 'link'
  readonly lines: readonly string[]
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Layout {
  readonly boxes: readonly Box[]
  /** Lines to draw between boxes, by name. `name` is undefined where the box of a shared link carries it. */
  readonly lines: readonly {
    readonly name: string | undefined
    readonly from: string
    readonly to: string
  }[]
  /** The namespace that all nodes share, where they do. */
  readonly shared: string | undefined
  readonly width: number
  readonly height: number
}

const boxWidth = 158
const gap = 64
const perRow = 5
const lineHeight = 15
const longestAddressList = 4

/**
 * Places services and proxies in rows as the topology lists them, which is the way a connection takes; below them what
 * joins them (switches, links of more than two nodes) and the control planes. Pixels.
 */
export function compileLayout(topology: TopologyRecord, options: { readonly top: number }): Layout {
  const namespaces = new Set(topology.nodes.map(({ namespace }) => namespace))
  const shared = namespaces.size === 1 && topology.nodes.length > 1 ? [...namespaces][0] : undefined
  const nodes = topology.nodes.map((node) => ({
    name: node.name,
    kind: node.kind,
    lines: linesOf(node, shared),
  }))
  // A link of two nodes is a line. Any other needs a place of its own to meet in.
  const meeting = topology.links
    .filter(({ between }) => between.length !== 2)
    .map(({ name }) => ({ name: meetingName(name), kind: 'link' as const, lines: [name] }))
  const path = nodes.filter(({ kind }) => kind === 'service' || kind === 'proxy')
  const below = nodes.filter(({ kind }) => kind === 'switch' || kind === 'control-plane')
  const rows = [...chunk(path, perRow), ...chunk([...meeting, ...below], perRow)]
  const columns = Math.max(1, ...rows.map((row) => row.length))
  const width = columns * boxWidth + (columns - 1) * gap + 48
  let y = options.top
  const boxes: Box[] = []
  for (const row of rows) {
    const rowWidth = row.length * boxWidth + (row.length - 1) * gap
    const height = Math.max(...row.map(heightOf))
    row.forEach((item, index) => {
      const own = heightOf(item)
      boxes.push({
        ...item,
        x: (width - rowWidth) / 2 + index * (boxWidth + gap),
        y: y + (height - own) / 2,
        width: boxWidth,
        height: own,
      })
    })
    y += height + gap
  }
  return { boxes, lines: linesBetween(topology), shared, width, height: y - gap + 28 }
}

function linesBetween(topology: TopologyRecord): Layout['lines'] {
  return topology.links.flatMap(({ name, between }): Layout['lines'] => {
    const [from, to, ...others] = between
    return from !== undefined && to !== undefined && others.length === 0
      ? [{ name, from, to }]
      : between.map((node) => ({ name: undefined, from: node, to: meetingName(name) }))
  })
}

/** A link and a node may have the same name; a tab is in neither. */
function meetingName(link: string): string {
  return `\tlink ${link}`
}

function linesOf(
  node: TopologyRecord['nodes'][number],
  shared: string | undefined,
): readonly string[] {
  const namespace =
    shared !== undefined || node.namespace === node.name ? [] : [`in ${node.namespace}`]
  const left = node.addresses.length - longestAddressList
  const addresses =
    left > 0
      ? [...node.addresses.slice(0, longestAddressList - 1), `and ${left + 1} more`]
      : node.addresses
  return [node.kind.replace('-', ' '), ...namespace, ...addresses]
}

function heightOf({
  kind,
  lines,
}: {
  readonly kind: Box['kind']
  readonly lines: readonly string[]
}): number {
  return kind === 'link' ? 28 : 30 + lines.length * lineHeight
}

function chunk<item>(items: readonly item[], size: number): readonly (readonly item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
