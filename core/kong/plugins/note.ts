import type { HttpExchange } from '#core/model/http-filter.ts'

/** What a filter notes on an exchange for its later phases; each note is a key of its own. */
export class Note<value> {
  set({ notes }: Pick<HttpExchange, 'notes'>, noted: value): void {
    notes.set(this, noted)
  }

  get({ notes }: Pick<HttpExchange, 'notes'>): value | undefined {
    // oxlint-disable-next-line no-unsafe-type-assertion -- nobody else writes under this key
    return notes.get(this) as value | undefined
  }
}
