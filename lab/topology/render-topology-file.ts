import { Document, isCollection, isPair, isScalar, visit } from 'yaml'
import { shortenTopology } from './shorten-topology.ts'
import type { Topology } from './topology.ts'

/** How a topology file begins and what it is written in. */
export const fileFormats = ['yaml', 'json', 'ts'] as const
export type FileFormat = (typeof fileFormats)[number]

/** A topology as a file that a person can go on with. `schema` is where its JSON schema is. */
export function renderTopologyFile(
  topology: Topology,
  { format, schema }: { readonly format: FileFormat; readonly schema: string },
): string {
  const short = shortenTopology(topology)
  switch (format) {
    case 'json':
      return `${JSON.stringify({ $schema: schema, ...short }, undefined, 2)}\n`
    case 'ts':
      return `import { defineTopology } from 'meshyard/topology'\n\nexport default defineTopology(${JSON.stringify(short, undefined, 2)})\n`
    case 'yaml':
    default:
      return renderYaml(short, schema)
  }
}

function renderYaml(short: Readonly<Record<string, unknown>>, schema: string): string {
  const document = new Document(short, { aliasDuplicateObjects: false })
  visit(document, {
    Collection: (_key, node) => {
      // What fits on a line is easier to read on one.
      const small = node.items.every((item) =>
        isPair(item)
          ? isScalar(item.value) && String(item.value.value).length < 40
          : isScalar(item),
      )
      if (small && node.items.length <= 4 && !isTop(node, document)) node.flow = true
    },
    Pair: (_key, pair) => {
      const comment = isScalar(pair.key) ? comments[String(pair.key.value)] : undefined
      if (comment !== undefined && isCollection(pair.value) && isScalar(pair.key)) {
        if (document.get(String(pair.key.value)) !== pair.value) return
        pair.key.commentBefore = ` ${comment}`
        pair.key.spaceBefore = true
      }
    },
  })
  const text = document.toString({ lineWidth: 160, flowCollectionPadding: true })
  return `# yaml-language-server: $schema=${schema}\n# Bring it up: meshyard up FILE. What may stand here: meshyard validate --schema.\n${text}`
}

function isTop(node: unknown, document: Document): boolean {
  return node === document.contents
}

/** What each part is for. */
const comments: Readonly<Record<string, string>> = {
  namespaces: 'Networks of their own, and which way packets leave them.',
  links: 'Cables between two namespaces (veth), and bridges between any number.',
  nodes: 'Who is there, and what runs where. A node without a namespace has one of its own name.',
  interception: 'What leads connections into a proxy: port of the service : listener of the proxy.',
  kong: 'What Kong is told through the Admin API of a node.',
  tryNext: 'What to try once it is up: a node, and a command to run there.',
}
