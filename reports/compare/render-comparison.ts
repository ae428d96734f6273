import { styleText } from 'node:util'
import type { Comparison, DifferenceKind, ScenarioDifference, ScenarioSide } from './comparison.ts'

const words: Readonly<Record<DifferenceKind, string>> = {
  failing: 'newly failing',
  fixed: 'fixed',
  verdict: 'another verdict',
  slower: 'slower',
  hops: 'other connections',
  answers: 'other answers',
  missing: 'not in the second',
  new: 'not in the first',
}

const shownLines = 12
const shownWidth = 160

/** Both runs side by side: what each says of every scenario that differs, then what it goes by. */
export function renderComparison(comparison: Comparison, stream: NodeJS.WritableStream): string {
  const { runs, scenarios, compared } = comparison
  const [first, second] = runs
  const lines = scenarios.flatMap((difference) => renderDifference(difference, stream))
  const counts = Object.entries(words).flatMap(([kind, word]) => {
    const count = scenarios.filter(({ kinds }) => kinds.some((each) => each === kind)).length
    return count === 0 ? [] : [`${count} ${word}`]
  })
  return [
    `A  ${first.label}  ${first.verdict}, ${seconds(first.durationMs)}`,
    `B  ${second.label}  ${second.verdict}, ${seconds(second.durationMs)}`,
    '',
    ...lines,
    counts.length === 0
      ? `No difference in ${compared} scenarios.`
      : `${compared} scenarios compared: ${counts.join(', ')}.`,
    '',
  ].join('\n')
}

function renderDifference(
  { id, kinds, before, after, lines }: ScenarioDifference,
  stream: NodeJS.WritableStream,
): readonly string[] {
  const isBad = kinds.includes('failing') || kinds.includes('missing')
  const colour = isBad ? 'red' : kinds.includes('fixed') ? 'green' : 'yellow'
  const what = kinds.map((kind) => words[kind]).join(', ')
  const shown = lines.slice(0, shownLines).map((line) => `    ${shorten(line)}`)
  const more = lines.length - shown.length
  return [
    `${styleText(colour, what, { stream, validateStream: true })}: ${id}`,
    `  A ${renderSide(before).padEnd(24)}  B ${renderSide(after)}`,
    ...[before, after].flatMap((side) =>
      side?.because === undefined ? [] : [`    ${shorten(side.because)}`],
    ),
    ...shown,
    ...(more > 0 ? [`    … and ${more} more`] : []),
    '',
  ]
}

function renderSide(side: ScenarioSide | undefined): string {
  return side === undefined ? '-' : `${side.verdict}, ${seconds(side.durationMs)}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

function shorten(line: string): string {
  const flat = line.replaceAll(/\s+/g, ' ')
  return flat.length <= shownWidth ? flat : `${flat.slice(0, shownWidth - 1)}…`
}
