/**
 * One header line: name and value as they were written, and the name in lower case to compare by.
 *
 * It is a window on a text that usually holds a whole head, so that reading a head makes no string per header and
 * lines that stay neighbours are written as one piece.
 */
export class HeaderField {
  /** The name in lower case. */
  readonly key: string
  readonly #text: string
  readonly #start: number
  readonly #nameEnd: number
  readonly #valueStart: number
  readonly #valueEnd: number
  /** After the line's CRLF. */
  readonly #end: number

  constructor(
    key: string,
    text: string,
    start: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    end: number,
  ) {
    this.key = key
    this.#text = text
    this.#start = start
    this.#nameEnd = nameEnd
    this.#valueStart = valueStart
    this.#valueEnd = valueEnd
    this.#end = end
  }

  get name(): string {
    return this.#text.slice(this.#start, this.#nameEnd)
  }

  get value(): string {
    return this.#text.slice(this.#valueStart, this.#valueEnd)
  }

  /** The lines of a head, each with its CRLF, without the empty line that ends it. */
  static render(fields: readonly HeaderField[]): string {
    let rendered = ''
    let text = ''
    let start = 0
    let end = 0
    for (const field of fields) {
      if (field.#text === text && field.#start === end) {
        end = field.#end
        continue
      }
      rendered += text.slice(start, end)
      text = field.#text
      start = field.#start
      end = field.#end
    }
    return rendered + text.slice(start, end)
  }
}

/** Headers of our own, which are written as one piece. Names and values must be legal: nothing is checked. */
export function headerFields(
  lines: readonly (readonly [name: string, value: string])[],
): HeaderField[] {
  let text = ''
  for (const [name, value] of lines) text += `${name}: ${value}\r\n`
  let start = 0
  return lines.map(([name, value]) => {
    const nameEnd = start + name.length
    const valueEnd = nameEnd + 2 + value.length
    const end = valueEnd + 2
    const key = name.toLowerCase()
    const field = new HeaderField(key, text, start, nameEnd, nameEnd + 2, valueEnd, end)
    start = end
    return field
  })
}

/** A header of our own. Name and value must be legal: nothing is checked. */
export function headerField(name: string, value: string): HeaderField {
  return headerFields([[name, value]])[0]!
}

/** The value of the first header of that name (lower case). */
export function headerValue(fields: readonly HeaderField[], key: string): string | undefined {
  for (const field of fields) if (field.key === key) return field.value
  return undefined
}
