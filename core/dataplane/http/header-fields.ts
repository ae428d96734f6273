import { headerField, type HeaderField } from '#core/codec/http1-header-field.ts'
import type { HeaderList } from '#core/model/header-list.ts'

/** RFC 9110 section 5.6.2. */
const token = /^[\w!#$%&'*+.^`|~-]+$/

/** The fields of a head, shared with it until the first change. */
export class HeaderFields implements HeaderList {
  #fields: readonly HeaderField[]
  #changed = false

  constructor(fields: readonly HeaderField[]) {
    this.#fields = fields
  }

  get fields(): readonly HeaderField[] {
    return this.#fields
  }

  /** Whether they differ from those it was made of. */
  get changed(): boolean {
    return this.#changed
  }

  get(name: string): string | undefined {
    const key = name.toLowerCase()
    for (const field of this.#fields) if (field.key === key) return field.value
    return undefined
  }

  getAll(name: string): readonly string[] {
    const key = name.toLowerCase()
    return this.#fields.filter((field) => field.key === key).map((field) => field.value)
  }

  has(name: string): boolean {
    const key = name.toLowerCase()
    return this.#fields.some((field) => field.key === key)
  }

  /** @throws TypeError when the name is not a token. */
  set(name: string, value: string): void {
    const field = legalField(name, value)
    const at = this.#fields.findIndex(({ key }) => key === field.key)
    if (at === -1) return this.assign([...this.#fields, field])
    this.assign([
      ...this.#fields.slice(0, at),
      field,
      ...this.#fields.slice(at + 1).filter(({ key }) => key !== field.key),
    ])
  }

  /** @throws TypeError when the name is not a token. */
  add(name: string, value: string): void {
    this.assign([...this.#fields, legalField(name, value)])
  }

  remove(name: string): void {
    const key = name.toLowerCase()
    if (this.has(key)) this.assign(this.#fields.filter((field) => field.key !== key))
  }

  /** Replaces all of them. */
  assign(fields: readonly HeaderField[]): void {
    this.#fields = fields
    this.#changed = true
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    for (const { name, value } of this.#fields) yield [name, value]
  }
}

/**
 * A field that can be sent whatever the value: control characters become blanks, so that a value never ends its line,
 * and text becomes UTF-8.
 * @throws TypeError when the name is not a token.
 */
export function legalField(name: string, value: string): HeaderField {
  if (!token.test(name)) throw new TypeError(`"${name}" cannot be the name of a header field`)
  return headerField(name, onTheWire(value))
}

function onTheWire(value: string): string {
  const oneLine = value.replace(/[^\t\P{Cc}]/gu, blankUnlessHigh)
  // A head is kept with one character for each byte. What came from a head is fit to be sent already.
  return /^[\t\x20-\x7e]*$/.test(oneLine) || isUtf8(oneLine)
    ? oneLine
    : Buffer.from(oneLine, 'utf8').toString('latin1')
}

/** The bytes 0x80 to 0x9f are control characters of Latin-1, but here they are parts of UTF-8. */
function blankUnlessHigh(character: string): string {
  return character >= '\x80' ? character : ' '
}

function isUtf8(bytes: string): boolean {
  if (/[^\0-\xff]/.test(bytes)) return false
  try {
    new TextDecoder('utf8', { fatal: true }).decode(Buffer.from(bytes, 'latin1'))
    return true
  } catch {
    return false
  }
}
