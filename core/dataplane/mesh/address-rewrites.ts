import { isIPv6 } from 'node:net'
import type { ExchangeTarget } from '#core/model/http-filter.ts'
import type { AddressRewrite, RewrittenEnd } from '#core/model/mesh.ts'

/** The schemes that a kind of proxy dials, plain and with TLS. */
export interface DialledSchemes {
  readonly plain: string
  readonly tls: string
}

export const httpSchemes: DialledSchemes = { plain: 'http', tls: 'https' }
export const streamSchemes: DialledSchemes = { plain: 'tcp', tls: 'tls' }

/** Says under which address something is dialled in place of its own (Kong 1.1, configuration: `origins`). */
export class AddressRewrites {
  readonly #byEnd: ReadonlyMap<string, RewrittenEnd>

  constructor(rewrites: readonly AddressRewrite[]) {
    this.#byEnd = new Map(rewrites.map(({ from, to }) => [endText(from), to]))
  }

  /**
   * The target that stands for another one; that one itself where nothing does.
   * @throws RewriteError when it could only be dialled by another kind of proxy.
   */
  apply(target: ExchangeTarget, schemes: DialledSchemes): ExchangeTarget {
    const { host, port, tls } = target
    const from = { scheme: tls ? schemes.tls : schemes.plain, host, port }
    const to = this.#byEnd.get(endText(from))
    if (to === undefined) return target
    if (to.scheme !== schemes.plain && to.scheme !== schemes.tls) {
      throw new RewriteError(
        `${endText(from)} stands for ${endText(to)}, which cannot be dialled here: ` +
          `only ${schemes.plain} and ${schemes.tls} can`,
      )
    }
    return { host: to.host, port: to.port, tls: to.scheme === schemes.tls }
  }
}

/** Something is to be dialled at an address that cannot be dialled. */
export class RewriteError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RewriteError'
  }
}

/** `scheme://host:port`; literal addresses are equal however they are written. */
function endText({ scheme, host, port }: RewrittenEnd): string {
  return `${scheme}://${isIPv6(host) ? new URL(`http://[${host}]`).hostname : host}:${port}`
}
