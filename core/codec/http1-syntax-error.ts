import { MeshError } from '#core/base/errors.ts'

/** The status with which a server refuses what could not be read. 494 is nginx's word for a head that is too large. */
export type RefusalStatus = 400 | 413 | 414 | 494

/** Bytes that are not HTTP/1.1, or more of them than is allowed. The connection they came from cannot be used further. */
export class HttpSyntaxError extends MeshError {
  readonly status: RefusalStatus

  constructor(status: RefusalStatus, message: string) {
    super('http-syntax', message)
    this.name = 'HttpSyntaxError'
    this.status = status
  }
}
