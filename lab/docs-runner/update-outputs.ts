import { other, type StepResult } from './run-page.ts'
import type { Step } from './page.ts'

/** The page with what was printed in place of the blocks of output that say something else; the rest stays as it is. */
export function updateOutputs(
  markdown: string,
  { steps, results }: { readonly steps: readonly Step[]; readonly results: readonly StepResult[] },
): string {
  const lines = markdown.split('\n')
  // From the end, so that lines before it keep their numbers.
  for (const [index, step] of [...steps.entries()].toReversed()) {
    const result = results[index]
    if (step.output === undefined || result?.fault !== other) continue
    const { line, text } = step.output
    lines.splice(line - 1, text.split('\n').length, ...result.printed.split('\n'))
  }
  return lines.join('\n')
}
