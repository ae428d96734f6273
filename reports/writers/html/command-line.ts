import { html, type Markup } from './markup.ts'

/** A line to type, with a button that copies it. */
export function commandLine(line: string): Markup {
  return html`<div class="line">
    <code>${line}</code><button type="button" class="copy" aria-label="Copy: ${line}">Copy</button>
  </div>`
}
