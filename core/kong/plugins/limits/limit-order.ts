import { type Limits, periods } from './period.ts'

/** Finds a period that allows less than a shorter one does. */
export function unorderedPeriods(
  limits: Limits,
): { readonly shorter: string; readonly longer: string } | undefined {
  for (const [index, short] of periods.entries()) {
    const most = limits[short]
    if (typeof most !== 'number') continue
    for (const long of periods.slice(index + 1)) {
      const limit = limits[long]
      if (typeof limit === 'number' && limit < most) {
        return { shorter: `${short}(${most.toFixed(1)})`, longer: `${long}(${limit.toFixed(1)})` }
      }
    }
  }
  return undefined
}
