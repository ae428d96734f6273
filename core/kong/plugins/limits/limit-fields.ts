import type { Fields } from '#core/kong/schema/field.ts'
import { type Limits, type Period, periods } from './period.ts'

const limitField = { type: 'number', gt: 0 } as const

/** Settings of how much is allowed in each period. */
export const limitFields = {
  second: limitField,
  minute: limitField,
  hour: limitField,
  day: limitField,
  month: limitField,
  year: limitField,
} satisfies Fields & Record<Period, unknown>

/** The limits that are set, the one for the shortest period first. */
export function configuredLimits(
  limits: Limits,
): readonly { readonly period: Period; readonly limit: number }[] {
  return periods.flatMap((period) => {
    const limit = limits[period]
    return typeof limit === 'number' ? [{ period, limit }] : []
  })
}
