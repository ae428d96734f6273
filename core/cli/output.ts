import { writeSync } from 'node:fs'
import { errorTime } from '#core/kong/log-lines.ts'

/** How talkative a command is: `--v` and `--vv`. */
export type Verbosity = 'quiet' | 'verbose' | 'debug'

/** What a command says, in the form of Kong 1.1's. */
export interface Output {
  readonly verbosity: Verbosity
  /** A line on stdout; under `--v` and `--vv` it names its time, like the others. */
  line(text: string): void
  /** A line on stdout under `--v`. */
  verbose(text: string): void
  /** A line on stdout under `--vv`. */
  debug(text: string): void
  /** A line on stderr that names its time and that it is a warning. */
  warn(text: string): void
  /** The same for an error. */
  error(text: string): void
}

/** Written at once and without a stream, since most commands end right after. */
export function createOutput(verbosity: Verbosity): Output {
  return {
    verbosity,
    line: (text) => printLine(verbosity === 'quiet' ? text : stamped('info', text)),
    verbose: (text) => {
      if (verbosity !== 'quiet') printLine(stamped('verbose', text))
    },
    debug: (text) => {
      if (verbosity === 'debug') printLine(stamped('debug', text))
    },
    warn: (text) => printError(stamped('warn', text)),
    error: (text) => printError(stamped('error', text)),
  }
}

export function printLine(text: string): void {
  print(1, `${text}\n`)
}

export function printError(text: string): void {
  print(2, `${text}\n`)
}

function stamped(level: string, text: string): string {
  return `${errorTime(new Date())} [${level}] ${text}`
}

/** A text on stdout without a line break: for a question. */
export function printText(text: string): void {
  print(1, text)
}

function print(fd: number, text: string): void {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      // Nobody reads any more, which is no fault of the command's; a full pipe is tried again.
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') continue
      return
    }
  }
}
