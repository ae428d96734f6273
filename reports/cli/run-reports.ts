import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compareRuns } from '#reports/compare/compare-runs.ts'
import { renderComparison } from '#reports/compare/render-comparison.ts'
import { readRunRecord, ReportError } from '#reports/record/reader.ts'
import { writeReports, type ReportFormat } from '#reports/writers/write-reports.ts'

const formats: readonly ReportFormat[] = ['json', 'junit', 'markdown', 'html']

const usage = `Usage: node reports/cli/main.ts [report.json | folder | latest] [--format FORMAT] [--out FOLDER]

Writes the formats of a report again from its report.json.

       node reports/cli/main.ts diff RUN RUN [--label A --label B] [--output table|json]

Shows what differs between two runs. Exit codes: 0 done, and for diff nothing but time differs; 1 something
does, or a report cannot be read or written; 2 the command line is wrong.

  FORMAT  ${formats.join(', ')}; all of them unless given
  FOLDER  where to; beside report.json unless given`

type Print = (line: string, stream: 'stdout' | 'stderr') => void

/** Runs the command; its result is the exit code: 0 done, 1 runs differ or it cannot be done, 2 wrong usage. */
export function runReports(args: readonly string[], print: Print): number {
  try {
    if (args[0] === 'diff') return diffRuns(args.slice(1), print)
    const asked = parseRequest(args)
    if (asked === 'help') {
      print(usage, 'stdout')
      return 0
    }
    const record = readRunRecord(asked.file)
    writeReports(asked.out, record, { folder: asked.out, format: asked.format })
    print(`Written to ${asked.out}`, 'stdout')
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      print(`Error: ${error.message}`, 'stderr')
      return 2
    }
    const failure = error instanceof ReportError ? error.message : tellRefusal(error)
    if (failure === undefined) throw error
    print(`Error: ${failure}`, 'stderr')
    return 1
  }
}

/** The command line cannot be understood. */
class UsageError extends Error {}

/** What the system has refused, in one sentence; undefined for anything else. */
function tellRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error)) return undefined
  if (error.syscall === 'uv_cwd') return 'The working folder is gone: change to another one.'
  return `${error.message}.`
}

function diffRuns(args: readonly string[], print: Print): number {
  const { values, positionals } = parseFlags(args)
  const [before, after, ...rest] = positionals
  if (before === undefined || after === undefined || rest.length > 0) {
    throw new UsageError(`Give two runs to compare, not ${positionals.length}.`)
  }
  const { output = 'table', label = [] } = values
  if (output !== 'table' && output !== 'json') {
    throw new UsageError(`There is no output "${output}"; use table or json.`)
  }
  const comparison = compareRuns(readRunRecord(fileOf(before)), readRunRecord(fileOf(after)), {
    labels: label,
  })
  print(
    output === 'json'
      ? JSON.stringify(comparison, undefined, 2)
      : renderComparison(comparison, process.stdout).trimEnd(),
    'stdout',
  )
  // Time is the machine's as much as theirs.
  const differ = comparison.scenarios.some(({ kinds }) => kinds.some((kind) => kind !== 'slower'))
  return differ ? 1 : 0
}

interface Request {
  readonly file: string
  readonly out: string
  readonly format: ReportFormat | undefined
}

function parseRequest(args: readonly string[]): Request | 'help' {
  const { values, positionals } = parseFlags(args)
  if (values.help === true) return 'help'
  const [which = 'latest', ...rest] = positionals
  if (rest.length > 0) throw new UsageError(`Give one report, not ${positionals.length}.`)
  const file = fileOf(which)
  return { file, out: resolve(values.out ?? dirname(file)), format: formatOf(values.format) }
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        label: { type: 'string', multiple: true },
        output: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`, {
      cause: error,
    })
  }
}

function fileOf(which: string): string {
  // By its name alone a run is one of those that are kept.
  const kept = resolve(import.meta.dirname, '../out', which)
  const named = existsSync(which) || !existsSync(kept) ? resolve(which) : kept
  return existsSync(named) && statSync(named).isDirectory() ? join(named, 'report.json') : named
}

function formatOf(name: string | undefined): ReportFormat | undefined {
  if (name === undefined) return undefined
  const format = formats.find((known) => known === name)
  if (format !== undefined) return format
  throw new UsageError(`There is no format "${name}"; the formats are ${formats.join(', ')}.`)
}
