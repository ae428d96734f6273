import type { Graph, Place } from './compile-graph.ts'

/** For Graphviz: `meshyard graph -o dot | dot -Tpdf`. */
export function renderDot({ name, places, wires }: Graph): string {
  return [
    `graph ${quote(name)} {`,
    '  rankdir=LR',
    '  node [shape=box, style=rounded, fontname="sans-serif"]',
    ...places.map(
      (place) => `  ${quote(place.id)} [label=${quote(place.lines.join('\n'))}${shape(place)}]`,
    ),
    ...wires.map(
      ({ from, to, label }) =>
        `  ${quote(from)} -- ${quote(to)}${label === '' ? '' : ` [label=${quote(label)}]`}`,
    ),
    '}',
    '',
  ].join('\n')
}

function shape({ kind }: Place): string {
  if (kind === 'bridge') return ', shape=hexagon, style=solid'
  return kind === 'proxy' ? ', peripheries=2' : ''
}

function quote(text: string): string {
  const inside = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`)
  return `"${inside}"`
}
