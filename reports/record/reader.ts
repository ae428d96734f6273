import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { runRecordSchema } from './record-schema.ts'
import type { RunRecord } from './record.ts'

/** @throws ReportError when the file cannot be read or is no report of a version this reader knows. */
export function readRunRecord(path: string): RunRecord {
  return parseRunRecord(readText(path), path)
}

/**
 * Turns the text of a `report.json` into a record; fields it does not know are left out.
 *
 * @throws ReportError naming every fault with its place, such as `scenarios[3].verdict`.
 */
export function parseRunRecord(text: string, place: string): RunRecord {
  const json = parseJson(text, place)
  const version = versionOf(json)
  if (version !== 1) {
    throw new ReportError(
      `Cannot read ${place}: its version is ${JSON.stringify(version) ?? 'missing'}, and this Meshyard reads version 1.`,
    )
  }
  const parsed = runRecordSchema.safeParse(json)
  if (parsed.success) return parsed.data
  throw new ReportError(
    [`Cannot read ${place}: it is no report of version 1.`, ...faultsOf(parsed.error)].join('\n  '),
  )
}

/** A report that cannot be read, told for people; faults stand on lines of their own. */
export class ReportError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ReportError'
  }
}

/** One sentence for each fault, with its place. */
export function faultsOf(error: z.ZodError): readonly string[] {
  return error.issues.map((issue) => `${renderPlace(issue.path)}: ${issue.message}`)
}

function renderPlace(path: readonly PropertyKey[]): string {
  const place = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
  return place.replace(/^\./, '') || 'the whole file'
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const message = error instanceof Error ? error.message : String(error)
    const reason = isMissing ? 'there is no such file' : message
    throw new ReportError(`Cannot read ${path}: ${reason}.`, { cause: error })
  }
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ReportError(`Cannot read ${place}: it is not JSON (${reason}).`, { cause: error })
  }
}

function versionOf(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined
}
