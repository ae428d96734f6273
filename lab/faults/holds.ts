/** What faults hold of places: it is let go when the last of those that hold it is healed. */
export class Holds<held> {
  readonly #held = new Map<string, readonly { readonly held: held }[]>()

  /** Gives back what lets go. */
  hold(place: string, held: held): () => void {
    const mine = { held }
    this.#held.set(place, [...(this.#held.get(place) ?? []), mine])
    return () => {
      this.#held.set(
        place,
        (this.#held.get(place) ?? []).filter((each) => each !== mine),
      )
    }
  }

  has(place: string): boolean {
    return this.of(place).length > 0
  }

  /** Oldest first. */
  of(place: string): readonly held[] {
    return (this.#held.get(place) ?? []).map(({ held }) => held)
  }
}
