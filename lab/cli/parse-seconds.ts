import { UsageError } from './command.ts'

/** Ends after so many seconds, if any. @throws UsageError for what is no such number. */
export function endAfter(text: string | undefined): AbortSignal | undefined {
  if (text === undefined) return undefined
  const seconds = Number(text)
  if (text !== '' && seconds > 0 && seconds <= 86_400) return AbortSignal.timeout(seconds * 1_000)
  throw new UsageError(`--for takes seconds, up to a day, not "${text}".`)
}
