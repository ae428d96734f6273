import type { Period } from '#core/kong/plugins/limits/period.ts'

/** How much of a period's limit was used before this request. */
export interface Usage {
  readonly period: Period
  readonly limit: number
  readonly used: number
}

/** Whether a request passes, and what its client is told of the limits. Kong 1.1, "Rate Limiting". */
export function chooseOutcome(usage: readonly Usage[]): {
  readonly blocked: boolean
  readonly headers: readonly (readonly [name: string, value: string])[]
} {
  const blocked = usage.some(isUsedUp)
  return {
    blocked,
    headers: usage.flatMap(({ period, limit, used }) => {
      // Only what is counted is taken off.
      const remaining = limit - used - (blocked ? 0 : 1)
      return [
        [`X-RateLimit-Limit-${period}`, `${limit}`],
        [`X-RateLimit-Remaining-${period}`, `${Math.max(0, remaining)}`],
      ] as const
    }),
  }
}

function isUsedUp({ limit, used }: Usage): boolean {
  return limit - used <= 0
}
