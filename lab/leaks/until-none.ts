import { setTimeout as delay } from 'node:timers/promises'

const everyMs = 20

/** Looks until there is nothing or the time is over; returns what there still is. */
export async function untilNone(
  look: () => Promise<readonly string[]>,
  { withinMs }: { readonly withinMs: number },
): Promise<readonly string[]> {
  const deadline = performance.now() + withinMs
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each look is at what has become of the one before
    const found = await look()
    if (found.length === 0 || performance.now() >= deadline) return found
    await delay(everyMs)
  }
}
