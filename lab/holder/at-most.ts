/** Runs tasks in the order in which they are given, and at most so many at a time. */
export type Queue = <result>(task: () => Promise<result>) => Promise<result>

export function atMost(count: number): Queue {
  const waiting: (() => void)[] = []
  let running = 0
  return async (task) => {
    if (running >= count) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await task()
    } finally {
      // Whoever waits longest takes over the place.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
