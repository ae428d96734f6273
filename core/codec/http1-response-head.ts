import { HeadReader, type HeadLimits } from './http1-head-reader.ts'
import type { HeaderField } from './http1-header-field.ts'
import {
  noBody,
  readMessageFields,
  untilClose,
  type BodyFraming,
  type MinorVersion,
} from './http1-message.ts'
import { HttpSyntaxError } from './http1-syntax-error.ts'

export interface ResponseHead {
  readonly status: number
  /** May be empty. */
  readonly reason: string
  readonly minorVersion: MinorVersion
  readonly fields: readonly HeaderField[]
  readonly framing: BodyFraming
  /** Lower-case members of Connection. */
  readonly connectionOptions: readonly string[]
  /** Whether the server is ready for another request after this response. */
  readonly persistent: boolean
}

/** Reads response heads one after the other; resumable, see HeadReader. */
export class ResponseHeadReader {
  readonly #reader: HeadReader

  constructor(limits: HeadLimits) {
    this.#reader = new HeadReader('response', limits)
  }

  /** Forgets what came of a head so far. */
  reset(): void {
    this.#reader.reset()
  }

  /** @throws HttpSyntaxError */
  read(bytes: Uint8Array, start: number): number {
    return this.#reader.read(bytes, start)
  }

  /**
   * The complete head, once. Whether a body follows depends on the method of the request (RFC 9112 section 6.3).
   * @throws HttpSyntaxError
   */
  take(method: string): ResponseHead | undefined {
    const raw = this.#reader.take()
    if (raw === undefined) return undefined
    const line = raw.startLine
    const status = statusOf(line)
    const minorVersion = line.charCodeAt(7) === 49 ? 1 : 0
    const message = readMessageFields(raw.fields, minorVersion)
    if (status < 200 && message.framing !== undefined) {
      throw new HttpSyntaxError(400, `A response of status ${status} announces a body`)
    }
    const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304
    const framing = bodiless ? noBody : (message.framing ?? untilClose)
    return {
      status,
      reason: line.slice(13),
      minorVersion,
      fields: raw.fields,
      framing,
      connectionOptions: message.connectionOptions,
      persistent: message.persistent && framing.kind !== 'until-close',
    }
  }
}

/** RFC 9112 section 4, of a line like `HTTP/1.1 200 OK`; the last blank may be missing where no reason follows. */
function statusOf(line: string): number {
  const status = Number(line.slice(9, 12))
  const version = line.startsWith('HTTP/1.1 ') || line.startsWith('HTTP/1.0 ')
  const blank = line.length === 12 || line.charCodeAt(12) === 32
  if (!version || !blank || !Number.isInteger(status) || status < 100) {
    throw new HttpSyntaxError(400, 'The status line is not that of an HTTP/1.1 response')
  }
  return status
}
