import { quote } from '#reports/record/shell-quote.ts'

/** What a person would type to repeat this process: the npm script with its arguments where npm started it. */
export function typedCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const args = argv.slice(2)
  const script = environment['npm_lifecycle_event']
  const own = environment['npm_lifecycle_script']
    ?.split(/\bvitest /)
    .at(-1)
    ?.trim()
    .split(/\s+/)
  if (script === undefined || script === 'npx' || own === undefined) {
    return ['npx vitest', ...args.map(quote)].join(' ')
  }
  const given = own.every((word, index) => args[index] === word) ? args.slice(own.length) : args
  const npm = script === 'test' ? 'npm test' : `npm run ${script}`
  return [npm, ...(given.length > 0 ? ['--'] : []), ...given.map(quote)].join(' ')
}

/** Runs one scenario again. vitest matches titles as a pattern, so every character with a meaning in one is escaped. */
export function commandForScenario(file: string, suite: readonly string[], title: string): string {
  const pattern = `^${[...suite, title].join(' ').replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)}$`
  return `npm run scenarios -- ${quote(file)} -t ${quote(pattern)}`
}
