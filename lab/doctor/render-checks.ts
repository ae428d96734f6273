import { styleText } from 'node:util'
import { isHealthy, type Check } from './check.ts'

/** A header for each category, a line for each check, and below it the reason and the remedy of what is not as it could be. */
export function renderChecks(checks: readonly Check[], stream: NodeJS.WritableStream): string {
  const sections = Map.groupBy(checks, ({ category }) => category)
  return [
    ...Array.from(sections, ([category, each]) =>
      [category, ...each.map((check) => renderCheck(check, stream)), ''].join('\n'),
    ),
    renderVerdict(checks),
    '',
  ].join('\n')
}

function renderCheck(
  { name, verdict, detail, why, remedy }: Check,
  stream: NodeJS.WritableStream,
): string {
  const { sign, colour } = marks[verdict]
  const mark = styleText(colour, sign, { stream, validateStream: true })
  const told = detail === undefined ? name : `${name}: ${detail}`
  return [
    `  ${mark} ${told}`,
    ...[why, remedy].flatMap((text) => (text === undefined ? [] : indent(text))),
  ].join('\n')
}

const marks = {
  works: { sign: '✓', colour: 'green' },
  limited: { sign: '~', colour: 'yellow' },
  fails: { sign: '✗', colour: 'red' },
} as const

function indent(text: string): readonly string[] {
  return text.split('\n').map((line) => `      ${line}`)
}

function renderVerdict(checks: readonly Check[]): string {
  const limited = checks.filter(({ verdict }) => verdict === 'limited').length
  const failing = checks.filter(({ verdict }) => verdict === 'fails').map(({ name }) => name)
  if (!isHealthy(checks)) return `Labs cannot run here: ${failing.join(', ')}.`
  return limited === 0 ? 'All that labs can use works.' : `Labs can run here; ${limited} marked ~.`
}
