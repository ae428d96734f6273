import { LabError } from '#lab/run/lab-error.ts'
import { UsageError } from './command.ts'

/** Reads what a command line names: a value that nothing could be of is wrong usage. */
export function orUsage<value>(read: () => value): value {
  try {
    return read()
  } catch (error) {
    if (error instanceof LabError) throw new UsageError(error.message)
    throw error
  }
}
