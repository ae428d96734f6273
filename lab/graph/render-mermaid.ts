import type { Graph, Place } from './compile-graph.ts'

/** A flowchart that GitHub and others draw. */
export function renderMermaid({ name, places, wires }: Graph): string {
  const ids = new Map(places.map(({ id }, index) => [id, `n${index}`]))
  return [
    '---',
    `title: ${name}`,
    '---',
    'flowchart LR',
    ...places.map((place) => `  ${ids.get(place.id)}${shape(place)}`),
    ...wires.map(
      ({ from, to, label }) =>
        `  ${ids.get(from)} ---${label === '' ? '' : `|"${escape(label)}"|`} ${ids.get(to)}`,
    ),
    '',
  ].join('\n')
}

function shape({ kind, lines }: Place): string {
  const text = `"${lines.map(escape).join('<br/>')}"`
  switch (kind) {
    case 'bridge':
      return `{{${text}}}`
    case 'proxy':
      return `([${text}])`
    case 'service':
    case 'control-plane':
    case 'switch':
    case 'pod':
    default:
      return `[${text}]`
  }
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
