import { messageOf } from '#core/base/errors.ts'
import { isRecord, plainRecord } from '#core/kong/schema/plain-record.ts'
import { parse } from 'yaml'
import { DeclarativeError } from './declarative-error.ts'

/**
 * Reads YAML or JSON into plain data.
 * @throws DeclarativeError when it is neither, or not a table.
 */
export function readDocument(text: string): Readonly<Record<string, unknown>> {
  let value = readJson(text)
  try {
    value ??= parse(text, { merge: true, logLevel: 'error' })
  } catch (error) {
    const [reason = ''] = messageOf(error).split('\n')
    throw new DeclarativeError(
      `failed parsing declarative configuration: ${reason.replace(/:$/, '')}`,
      { cause: error },
    )
  }
  return asTable(value)
}

/** All JSON is YAML, but reading it as such takes many times as long; undefined = it is no JSON object. */
function readJson(text: string): unknown {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** @throws DeclarativeError when the value is not a table. */
export function asTable(value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new DeclarativeError('expected a table as input')
  return plainRecord(Object.entries(value))
}
