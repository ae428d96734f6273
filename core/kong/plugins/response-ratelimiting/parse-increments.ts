/**
 * Reads what an upstream says that its answer costs: `video=2, image=1`, in one header field or several. Names that are
 * no limits and amounts that are no numbers are passed over.
 */
export function parseIncrements(
  fields: readonly string[],
  names: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const increments = new Map<string, number>()
  for (const part of fields.flatMap((field) => field.split(','))) {
    const [name = '', amount, ...more] = part.split('=').map((text) => text.trim())
    if (amount === undefined || amount === '' || more.length > 0 || !names.has(name)) continue
    const by = Number(amount)
    if (Number.isFinite(by)) increments.set(name, by)
  }
  return increments
}
