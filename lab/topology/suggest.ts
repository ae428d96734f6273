/** Ends a sentence about a name that is not known: which one may have been meant. Empty when none is near. */
export function suggest(wrong: string, known: readonly string[]): string {
  // What is known elsewhere is not what was meant here.
  const [best] = known
    .filter((name) => name !== wrong)
    .map((name) => ({ name, distance: distance(wrong.toLowerCase(), name.toLowerCase()) }))
    .filter((each) => each.distance <= Math.max(1, Math.floor(wrong.length / 3)))
    .toSorted((one, other) => one.distance - other.distance)
  return best === undefined ? '' : `; did you mean "${best.name}"?`
}

/** How many characters have to be put in, taken out, replaced or swapped with the next one. */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number): number =>
    rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= from.length; row += 1) {
    rows[row] = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1]
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      rows[row]![column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (same ? 0 : 1),
        swapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
  }
  return at(from.length, to.length)
}
