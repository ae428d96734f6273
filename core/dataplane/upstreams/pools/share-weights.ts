/**
 * Weights of all addresses of a pool, when the addresses of each target share its weight by parts. Whole numbers as long
 * as they stay exact, so that a cycle over them is exact too.
 */
export function shareWeights(
  targets: readonly { readonly weight: number; readonly parts: readonly number[] }[],
): readonly number[] {
  const totals = targets.map(({ parts }) => parts.reduce((total, part) => total + part, 0))
  const whole = targets.every(({ parts }) => parts.every((part) => Number.isSafeInteger(part)))
  const scale = whole ? totals.filter((total) => total > 0).reduce(leastCommonMultiple, 1) : 1
  const exact = Number.isSafeInteger(scale * 1000) ? scale : 1
  return targets.flatMap(({ weight, parts }, i) =>
    parts.map((part) => (weight * part * exact) / totals[i]!),
  )
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) [x, y] = [y, x % y]
  return (a / x) * b
}
