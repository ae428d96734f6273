import type { Graph } from './compile-graph.ts'

/** For terminals: each place with what is in it, and below it where its wires lead. */
export function renderText({ name, summary, places, wires }: Graph): string {
  const titles = new Map(
    places.map(({ id, kind, lines }) => [id, kind === 'bridge' ? `(${lines[0]})` : id]),
  )
  return [
    [name, summary].filter((part) => part !== '').join(': '),
    '',
    ...places.flatMap(({ id, kind, lines, intercepts }) => {
      const [title = id, ...more] = lines
      const leads = wires.flatMap(({ from, to, label }) => {
        const other = from === id ? to : to === id ? from : undefined
        return other === undefined ? [] : [{ other: titles.get(other) ?? other, label }]
      })
      const mark = intercepts ? '  ⇥ interception' : ''
      return [
        kind === 'bridge' ? `(${title})` : `${title}${kind === 'pod' ? ' [namespace]' : ''}${mark}`,
        ...(kind === 'pod'
          ? more.map((line) => `    ${line}`)
          : more.length > 0
            ? [`    ${more.join('  ')}`]
            : []),
        ...leads.map(({ other, label }, index) => {
          const corner = index === leads.length - 1 ? '└' : '├'
          return `  ${corner}──${label === '' ? '' : ` ${label} ──`} ${other}`
        }),
      ]
    }),
    '',
  ].join('\n')
}
