import { headerValue, type HeaderField } from '#core/codec/http1-header-field.ts'
import type { HashFacts } from '#core/dataplane/upstreams/address-chooser.ts'
import type { Principal } from '#core/model/principal.ts'

/** What a request tells about itself when an address is chosen for it. */
export class RequestFacts implements HashFacts {
  readonly clientAddress: string
  readonly #fields: readonly HeaderField[]
  readonly #principal: Principal | undefined

  constructor(
    clientAddress: string,
    fields: readonly HeaderField[],
    principal: Principal | undefined,
  ) {
    this.clientAddress = clientAddress
    this.#fields = fields
    this.#principal = principal
  }

  get principalId(): string | undefined {
    return this.#principal?.id
  }

  get credentialId(): string | undefined {
    return this.#principal?.credentialId
  }

  header(name: string): string | undefined {
    return headerValue(this.#fields, name.toLowerCase())
  }

  /** RFC 6265 section 4.2. */
  cookie(name: string): string | undefined {
    for (const field of this.#fields) {
      if (field.key !== 'cookie') continue
      for (const pair of field.value.split(';')) {
        const equals = pair.indexOf('=')
        if (equals !== -1 && pair.slice(0, equals).trim() === name) {
          return pair.slice(equals + 1).trim()
        }
      }
    }
    return undefined
  }
}
