import type { HeaderField } from './http1-header-field.ts'
import { HttpSyntaxError } from './http1-syntax-error.ts'

/** How the end of a body is found; RFC 9112 section 6. */
export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }

export const noBody: BodyFraming = { kind: 'none' }
const chunkedBody: BodyFraming = { kind: 'chunked' }
export const untilClose: BodyFraming = { kind: 'until-close' }

export type MinorVersion = 0 | 1

/** What the headers say about the message itself, in requests and responses alike. */
export interface MessageFields {
  /** Declared by Content-Length or Transfer-Encoding; undefined when by neither. */
  readonly framing: BodyFraming | undefined
  /** Lower-case members of Connection. */
  readonly connectionOptions: readonly string[]
  /** Whether the connection can carry another message after this one. */
  readonly persistent: boolean
  readonly host: string | undefined
}

const noOptions: readonly string[] = []
const keepAlive: readonly string[] = ['keep-alive']
const close: readonly string[] = ['close']

/** @throws HttpSyntaxError when length, coding or host are given twice, contradict each other or are malformed. */
export function readMessageFields(
  fields: readonly HeaderField[],
  minorVersion: MinorVersion,
): MessageFields {
  let length: string | undefined
  let coding: string | undefined
  let host: string | undefined
  let options = noOptions
  for (const field of fields) {
    switch (field.key) {
      case 'content-length':
        if (length !== undefined) throw given('Content-Length is given twice')
        length = field.value
        break
      case 'transfer-encoding':
        if (coding !== undefined) throw given('Transfer-Encoding is given twice')
        coding = field.value
        break
      case 'host':
        if (host !== undefined) throw given('Host is given twice')
        host = field.value
        break
      case 'connection':
        options = connectionOptions(options, field.value)
        break
      default:
    }
  }
  return {
    framing: framing(length, coding, minorVersion),
    connectionOptions: options,
    persistent:
      minorVersion === 1
        ? !options.includes('close')
        : options.includes('keep-alive') && !options.includes('close'),
    host,
  }
}

function framing(
  length: string | undefined,
  coding: string | undefined,
  minorVersion: MinorVersion,
): BodyFraming | undefined {
  if (coding !== undefined) {
    if (length !== undefined) throw given('Content-Length and Transfer-Encoding stand together')
    if (minorVersion === 0) throw given('Transfer-Encoding stands in an HTTP/1.0 message')
    if (coding.toLowerCase() !== 'chunked') throw given('Transfer-Encoding is not "chunked"')
    return chunkedBody
  }
  if (length === undefined) return undefined
  // Fifteen digits are exact in a number and more than any body.
  if (!/^\d{1,15}$/.test(length)) throw given('Content-Length is not a number of bytes')
  return { kind: 'length', length: Number(length) }
}

function connectionOptions(before: readonly string[], value: string): readonly string[] {
  if (before.length === 0) {
    if (value === 'keep-alive' || value === 'Keep-Alive') return keepAlive
    if (value === 'close') return close
  }
  const named = value.split(',').map((option) => option.trim().toLowerCase())
  return [...before, ...named.filter((option) => option !== '')]
}

function given(message: string): HttpSyntaxError {
  return new HttpSyntaxError(400, message)
}
