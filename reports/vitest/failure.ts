import { stripVTControlCharacters } from 'node:util'
import type { SerializedError, TestError } from 'vitest'
import type { FailureRecord } from '#reports/record/record.ts'

/** An error as vitest hands it over, with its difference and its causes, without colours. */
export function failureOf(error: TestError, root: string): FailureRecord {
  const message = [messageOf(error), error.diff].filter((part) => part !== undefined).join('\n\n')
  return {
    message: stripVTControlCharacters(message + causesOf(error)),
    stack: stackOf(error, root),
  }
}

/** An error outside any test in one text. */
export function errorText(error: SerializedError): string {
  const type = typeof error['type'] === 'string' ? `${error['type']}: ` : ''
  return stripVTControlCharacters(`${type}${messageOf(error)}${causesOf(error)}`)
}

function messageOf(error: SerializedError): string {
  // vitest has put `Caused by: ` before the names of some causes already.
  const name = error.name?.replace('Caused by: ', '')
  return name === undefined || name === 'Error' ? error.message : `${name}: ${error.message}`
}

function causesOf(error: SerializedError): string {
  const { cause } = error
  // What was thrown is foreign: a cause may be anything.
  if (typeof cause !== 'object' || typeof cause?.message !== 'string') return ''
  return `\nCaused by: ${messageOf(cause)}${causesOf(cause)}`
}

function stackOf(error: TestError, root: string): string | undefined {
  const frames = error.stacks?.map(
    ({ method, file, line, column }) => `at ${method || '<anonymous>'} (${file}:${line}:${column})`,
  )
  const text = frames?.length ? frames.join('\n') : error.stack
  return text === undefined ? undefined : stripVTControlCharacters(text).replaceAll(`${root}/`, '')
}

/** What nobody caught: an error, what vitest made of one, or anything else that was thrown. */
export function thrownText(thrown: unknown): string {
  if (thrown instanceof Error) return errorText({ name: thrown.name, message: thrown.message })
  const message =
    typeof thrown === 'object' && thrown !== null && 'message' in thrown ? thrown.message : thrown
  return stripVTControlCharacters(String(message))
}
