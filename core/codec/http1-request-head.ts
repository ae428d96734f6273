import { methodBytes, targetBytes } from './http1-bytes.ts'
import { HeadReader, type HeadLimits, type RawHead } from './http1-head-reader.ts'
import type { HeaderField } from './http1-header-field.ts'
import { noBody, readMessageFields, type BodyFraming, type MinorVersion } from './http1-message.ts'
import { HttpSyntaxError } from './http1-syntax-error.ts'

export interface RequestHead {
  /** The request line as it was received. */
  readonly line: string
  readonly method: string
  /** As received, neither decoded nor normalised; without the query, never empty. */
  readonly path: string
  /** With its `?`; empty when there is none. */
  readonly query: string
  /** The scheme of an absolute-form target, lower case. */
  readonly targetScheme: 'http' | 'https' | undefined
  /** Host and port as received: of the target where it names one (RFC 9112 section 3.2.2), else of Host. */
  readonly authority: string | undefined
  readonly minorVersion: MinorVersion
  readonly fields: readonly HeaderField[]
  readonly framing: BodyFraming
  /** Lower-case members of Connection. */
  readonly connectionOptions: readonly string[]
  /** Whether the client is ready to send another request after this one. */
  readonly persistent: boolean
}

/** Reads request heads one after the other; resumable, see HeadReader. */
export class RequestHeadReader {
  readonly #reader: HeadReader
  #refusedLine: string | undefined

  constructor(limits: HeadLimits) {
    this.#reader = new HeadReader('request', limits)
  }

  /** Whether any byte of the next head has arrived. */
  get begun(): boolean {
    return this.#reader.begun
  }

  /** The request line of the head that is being read or was refused, as far as it came. */
  get partialLine(): string {
    return this.#refusedLine ?? this.#reader.partialStartLine
  }

  /** @throws HttpSyntaxError */
  read(bytes: Uint8Array, start: number): number {
    return this.#reader.read(bytes, start)
  }

  /**
   * The complete head, once.
   * @throws HttpSyntaxError
   */
  take(): RequestHead | undefined {
    const raw = this.#reader.take()
    if (raw === undefined) return undefined
    this.#refusedLine = raw.startLine
    const head = interpret(raw)
    this.#refusedLine = undefined
    return head
  }
}

function interpret(raw: RawHead): RequestHead {
  const line = raw.startLine
  const methodEnd = line.indexOf(' ')
  const targetEnd = line.indexOf(' ', methodEnd + 1)
  if (!everyByte(line, 0, methodEnd, methodBytes)) throw refused('The method is not a token')
  if (!everyByte(line, methodEnd + 1, targetEnd, targetBytes)) {
    throw refused('The request target is missing or holds an illegal character')
  }
  const minorVersion = versionOf(line.slice(targetEnd + 1))
  const method = line.slice(0, methodEnd)
  const message = readMessageFields(raw.fields, minorVersion)
  if (message.host === undefined && minorVersion === 1) throw refused('Host is missing')
  if (message.host !== undefined && !legalAuthority.test(message.host)) {
    throw refused(`Host is not a host name: "${message.host}"`)
  }
  const target = splitTarget(line.slice(methodEnd + 1, targetEnd))
  const queryStart = target.pathAndQuery.indexOf('?')
  return {
    line,
    method,
    path: queryStart === -1 ? target.pathAndQuery : target.pathAndQuery.slice(0, queryStart),
    query: queryStart === -1 ? '' : target.pathAndQuery.slice(queryStart),
    targetScheme: target.scheme,
    authority: target.authority ?? message.host,
    minorVersion,
    fields: raw.fields,
    framing: message.framing ?? noBody,
    connectionOptions: message.connectionOptions,
    persistent: message.persistent,
  }
}

function versionOf(version: string): MinorVersion {
  if (version === 'HTTP/1.1') return 1
  if (version === 'HTTP/1.0') return 0
  throw refused(`The version is not HTTP/1.1 or HTTP/1.0: "${version}"`)
}

/** Host name or address, then an optional port; never empty. */
const legalAuthority = /^(?:\[[\da-fA-F:.]+\]|[\w.~!$&'()*+,;=%-]+)(?::\d{0,5})?$/
const absoluteForm = /^(https?):\/\/(?:[\w.~!$&'()*+,;=:%-]*@)?([^/?@]+)(.*)$/i

interface Target {
  readonly scheme: 'http' | 'https' | undefined
  readonly authority: string | undefined
  readonly pathAndQuery: string
}

/** RFC 9112 section 3.2: origin-form and absolute-form are served; a user name in the latter is dropped. */
function splitTarget(target: string): Target {
  if (target.startsWith('/'))
    return { scheme: undefined, authority: undefined, pathAndQuery: target }
  const [, scheme, authority, rest] = absoluteForm.exec(target) ?? []
  if (authority === undefined || !legalAuthority.test(authority)) {
    throw refused('The request target is neither a path nor an http address')
  }
  return {
    scheme: scheme!.length === 4 ? 'http' : 'https',
    authority,
    pathAndQuery: rest!.startsWith('/') ? rest! : `/${rest!}`,
  }
}

function everyByte(text: string, start: number, end: number, allowed: Uint8Array): boolean {
  for (let i = start; i < end; i++) if (allowed[text.charCodeAt(i)] !== 1) return false
  return end > start
}

function refused(message: string): HttpSyntaxError {
  return new HttpSyntaxError(400, message)
}
