import { EndOfBytes } from '#lab/probes/byte-reader.ts'

/** What is damaged counts as not there. */
export function whole<value>(parse: () => value): value | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof EndOfBytes) return undefined
    throw error
  }
}
