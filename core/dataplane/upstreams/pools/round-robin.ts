/**
 * The order in which weighted members take turns, as their indexes: each comes up exactly as often in one cycle as its
 * share says, and as evenly spread as can be. Members without weight do not come up. The cycle is as short as the
 * weights allow; weights that do not fit into `slots` turns are rounded to them, but nobody is left out.
 */
export function compileCycle(weights: readonly number[], slots: number): Uint32Array {
  const turns = exactTurns(weights, slots) ?? roundedTurns(weights, slots)
  const places: { readonly member: number; readonly at: number }[] = []
  for (const [member, count] of turns.entries()) {
    for (let i = 0; i < count; i++) places.push({ member, at: (i + 0.5) / count })
  }
  places.sort((a, b) => a.at - b.at || a.member - b.member)
  return Uint32Array.from(places, ({ member }) => member)
}

/** Weights divided by their greatest common divisor; undefined when they are fractions or too many. */
function exactTurns(weights: readonly number[], slots: number): readonly number[] | undefined {
  let divisor = 0
  for (const weight of weights) {
    if (!Number.isSafeInteger(weight)) return undefined
    divisor = greatestCommonDivisor(divisor, weight)
  }
  const turns = weights.map((weight) => (weight === 0 ? 0 : weight / divisor))
  return sum(turns) <= slots ? turns : undefined
}

/** At least one turn each; what is left of `slots` goes to the largest remainders. */
function roundedTurns(weights: readonly number[], slots: number): readonly number[] {
  const total = sum(weights)
  const ideal = weights.map((weight) => (weight * slots) / total)
  const turns = ideal.map((share) => (share > 0 ? Math.max(1, Math.floor(share)) : 0))
  const byRemainder = [...ideal.keys()]
    .filter((member) => ideal[member]! >= 1)
    .toSorted((a, b) => remainder(ideal[b]!) - remainder(ideal[a]!))
  let left = slots - sum(turns)
  for (const member of byRemainder) {
    if (left-- <= 0) break
    turns[member]! += 1
  }
  return turns
}

function remainder(share: number): number {
  return share - Math.floor(share)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
