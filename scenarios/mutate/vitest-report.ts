import { z } from 'zod'

const schema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
})

/** What came of scenarios. */
export interface Verdicts {
  /** Full titles. */
  readonly passed: readonly string[]
  readonly red: readonly Red[]
}

export interface Red {
  /** The scenario; where a whole file failed, the file. */
  readonly title: string
  /** The first line of what it says. */
  readonly reason: string
  /** Where it is, as a whole path. */
  readonly file: string
}

/**
 * Reads a report of vitest's json reporter.
 * @throws {SyntaxError} When the text is none.
 */
export function parseVerdicts(text: string): Verdicts {
  const parsed = schema.safeParse(parseJson(text))
  if (!parsed.success) {
    throw new SyntaxError(`This is no report of vitest: ${z.prettifyError(parsed.error)}`)
  }
  const passed: string[] = []
  const red: Red[] = []
  for (const { name, status, message = '', assertionResults } of parsed.data.testResults) {
    const before = red.length
    for (const { fullName, status: outcome, failureMessages } of assertionResults) {
      if (outcome === 'passed') passed.push(fullName)
      if (outcome === 'failed')
        red.push({ title: fullName, reason: firstLine(failureMessages?.[0]), file: name })
    }
    // What goes wrong before the first scenario of a file, or after the last, belongs to none of them.
    if (status === 'failed' && red.length === before) {
      red.push({ title: name, reason: firstLine(message), file: name })
    }
  }
  return { passed, red }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function firstLine(text = ''): string {
  return text.trimStart().split('\n')[0] ?? ''
}
