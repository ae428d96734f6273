import type { HeaderField } from '#core/codec/http1-header-field.ts'
import type { FilteredResponse } from '#core/model/http-filter.ts'
import { HeaderFields } from './header-fields.ts'
import { framingHeaders, type LocalAnswer } from './local-answer.ts'
import { reasonOf } from './reason-of.ts'
import type { Transform } from './response-body.ts'

/** A response as filters see and change it. */
export class ResponseInFilters implements FilteredResponse {
  readonly source: FilteredResponse['source']
  readonly headers: HeaderFields
  readonly #bytes: () => number
  readonly #transforms: Transform[] = []
  #status: number

  constructor(
    source: FilteredResponse['source'],
    status: number,
    options: { readonly fields: readonly HeaderField[]; readonly bytes: () => number },
  ) {
    this.source = source
    this.#status = status
    this.headers = new HeaderFields(options.fields)
    this.#bytes = options.bytes
  }

  get status(): number {
    return this.#status
  }

  /** @throws TypeError */
  set status(status: number) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new TypeError(`${status} cannot be the status of a response`)
    }
    this.#status = status
  }

  get bytes(): number {
    return this.#bytes()
  }

  transformBody(transform: Transform): void {
    this.#transforms.push(transform)
  }

  /** What filters made of an answer that was shown to them; throws as a transformation does. */
  amended(given: LocalAnswer): LocalAnswer {
    const { status, transform } = this
    return {
      status,
      reason: status === given.status ? given.reason : reasonOf(status),
      fields: this.headers.fields.filter(({ key }) => !framingHeaders.has(key)),
      body: transform === undefined ? given.body : transform(given.body, true),
    }
  }

  /** All transformations, one after the other; undefined = there are none. */
  get transform(): Transform | undefined {
    const transforms = this.#transforms
    if (transforms.length < 2) return transforms[0]
    return (piece, last) => transforms.reduce((made, next) => next(made, last), piece)
  }
}
