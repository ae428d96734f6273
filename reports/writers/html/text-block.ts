import { stripVTControlCharacters } from 'node:util'
import { html, type Markup } from './markup.ts'

/** A text of a log or an output; of one above `limit` characters the end is shown, with a link to the whole where one is. */
export function textBlock(
  text: string,
  options: { readonly label: string; readonly limit: number; readonly file: string | undefined },
): Markup {
  const plain = stripVTControlCharacters(text)
  const cut = plain.length > options.limit ? endOf(plain, options.limit) : undefined
  const link =
    options.file === undefined
      ? undefined
      : html` <a href="${options.file}">Open the whole text</a>`
  const note =
    cut === undefined
      ? undefined
      : html`<p class="note">
          The first ${(plain.length - cut.length).toLocaleString('en')} of
          ${plain.length.toLocaleString('en')} characters are left out
          here.${link ?? ' They are in report.json.'}
        </p>`
  return html`${note}
    <pre tabindex="0" role="region" aria-label="${options.label}">${cut ?? plain}</pre>`
}

/** The last whole lines within the limit, or the last characters of one very long line. */
function endOf(text: string, limit: number): string {
  const end = text.slice(-limit)
  const lineEnd = end.indexOf('\n')
  return lineEnd === -1 || lineEnd === end.length - 1 ? end : end.slice(lineEnd + 1)
}
