/** Stands for any text within a line, or, alone on a line, for any number of lines. */
const ellipsis = '…'

/** Whether a command printed what the page says, line by line; spaces at the ends of lines do not count. */
export function matchOutput(expected: string, printed: string): boolean {
  return new RegExp(`^${compilePattern(expected)}$`).test(normalise(printed))
}

/** Where in a console's text, from `from` on, the expected lines end; undefined when they are not there (yet). */
export function findOutput(expected: string, printed: string, from: number): number | undefined {
  const pattern = new RegExp(`^${compilePattern(expected)}$`, 'gm')
  pattern.lastIndex = from
  return pattern.exec(normalise(printed)) === null ? undefined : pattern.lastIndex
}

/** What a terminal received, as lines of text. */
export function normalise(printed: string): string {
  return printed
    .replace(/\r+\n/g, '\n')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n+$/, '')
}

function compilePattern(expected: string): string {
  let pattern = ''
  /** Whether a line break stands between what came before and the next line. */
  let broken = false
  const lines = normalise(expected).split('\n')
  for (const [index, line] of lines.entries()) {
    if (line !== ellipsis) {
      pattern +=
        (broken ? '\\n' : '') +
        line
          .split(ellipsis)
          .map((text) => RegExp.escape(text))
          .join('.*?')
      broken = true
    } else if (broken) {
      pattern += String.raw`(?:\n.*)*?`
    } else {
      pattern += index === lines.length - 1 ? '[^]*' : String.raw`(?:.*\n)*?`
    }
  }
  return pattern
}
