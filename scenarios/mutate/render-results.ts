import type { Mutant } from './mutant.ts'
import { scoreOf, type Result } from './score.ts'

/** One line: which mutant, and who has noticed it, after how long. */
export function renderResult({ mutant: { id }, fate, durationMs }: Result): string {
  const took = `${(durationMs / 1000).toFixed(1)} s`.padStart(8)
  if (fate.kind === 'survived') return `SURVIVED ${took}  ${id}`
  const killer =
    fate.by === undefined
      ? 'no scenario came to an end in time'
      : `${fate.by.title}: ${shorten(fate.by.reason)}`
  return `killed   ${took}  ${id}: ${killer}`
}

/** Every survivor, and the score, with and without those that nobody could notice. */
export function renderSummary(results: readonly Result[]): string {
  const survivors = results.filter(({ fate }) => fate.kind === 'survived')
  const { mutants, killed, explained, percent, percentOfNoticeable } = scoreOf(results)
  return [
    ...survivors.flatMap(({ mutant }) => renderSurvivor(mutant)),
    `${killed} of ${mutants} mutants killed: ${percent.toFixed(1)} %`,
    ...(explained === 0
      ? []
      : [
          `without the ${explained} explained: ${killed} of ${mutants - explained}, ${percentOfNoticeable.toFixed(1)} %`,
        ]),
  ].join('\n')
}

/** What a mutant breaks, and where. */
export function renderMutant({ id, file, breaks, watchers }: Mutant): string {
  const [first] = watchers
  return `${id.padEnd(34)} ${breaks} (${file}; first asked: ${first?.file ?? 'nobody'})`
}

function renderSurvivor({ id, breaks, file, text, replacement, explained }: Mutant): string[] {
  return [
    `survivor ${id} in ${file}: ${breaks}`,
    `  - ${shorten(text)}`,
    `  + ${shorten(replacement)}`,
    explained === undefined ? '  nobody has noticed, and nobody says why' : `  ${explained}`,
  ]
}

function shorten(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ')
  return line.length > 110 ? `${line.slice(0, 107)}…` : line
}
