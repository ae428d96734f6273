import type { StepResult } from './run-page.ts'

/** The results as text: a line for each step, and for what is not true what was expected and what was printed. */
export function renderResults(results: readonly StepResult[]): string {
  const lines = results.flatMap((result) => {
    const [first = '', ...more] = result.title.split('\n')
    const title = `line ${result.line}: ${first}${more.length > 0 ? ' …' : ''}`
    switch (result.verdict) {
      case 'true':
        return [`true     ${title}`]
      case 'skipped':
        return [`skipped  ${title}`]
      case 'untrue':
        return [`UNTRUE   ${title}`, explain(result)]
    }
  })
  return `${lines.join('\n')}\n`
}

/** Why a step is not true, with what was expected and what was printed. */
export function explain({ fault, expected, printed }: StepResult): string {
  const parts = [`  ${fault}`]
  if (expected !== undefined) parts.push('  the page says:', indent(expected))
  if (printed !== '') parts.push('  printed:', indent(printed))
  return parts.join('\n')
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
