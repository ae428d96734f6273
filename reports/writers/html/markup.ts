/** Text that is HTML already. Only `html` and `raw` make it, so whatever else reaches a page is escaped. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Content = Markup | string | number | undefined | readonly Content[]

/** Builds markup from a template: what is interpolated is escaped unless it is markup; `undefined` is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...values.map(render)))
}

/** Takes text of our own as it is: a style sheet or a script. */
export function raw(text: string): Markup {
  return new Markup(text)
}

function render(content: Content): string {
  if (content === undefined) return ''
  if (content instanceof Markup) return content.text
  if (typeof content === 'object') return content.map(render).join('')
  return escapeHtml(String(content))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes for text and for quoted attributes; characters that cannot be seen, or that reorder text, become visible. */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
    .replace(
      // oxlint-disable-next-line no-control-regex -- U+2400 and on are pictures of these very characters
      /[\0-\u0008\u000b-\u001f]/g,
      (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)),
    )
    .replace(
      /[\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
}
