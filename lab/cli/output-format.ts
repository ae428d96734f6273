import { UsageError } from './command.ts'

/** @throws UsageError that names what there is. */
export function parseFormat<format extends string>(
  text: string,
  formats: readonly format[],
): format {
  const found = formats.find((format) => format === text)
  if (found !== undefined) return found
  throw new UsageError(`"${text}" is no output format: use ${formats.join(' or ')}.`)
}
