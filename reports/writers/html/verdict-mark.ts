import type { Verdict } from '#reports/record/record.ts'
import { html, type Markup } from './markup.ts'

const signs: Readonly<Record<Verdict, string>> = {
  passed: '✓',
  failed: '✕',
  unknown: '?',
  skipped: '–',
}

/** A verdict as sign, colour and word; the word may be for screen readers only. */
export function verdictMark(
  verdict: Verdict,
  options: { readonly word: 'shown' | 'hidden' },
): Markup {
  const word = html`<span class="${options.word === 'hidden' ? 'unseen' : 'word'}"
    >${verdict}</span
  >`
  return html`<span class="mark ${verdict}"
    ><span class="sign" aria-hidden="true">${signs[verdict]}</span>${word}</span
  >`
}
