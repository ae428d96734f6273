/** What befalls the packets that pass one point of a link. All of it at once: first lost, then held back, then paced; what gets so far may arrive twice. */
export interface Shape {
  /** Whether nothing passes at all. */
  readonly cut: boolean
  readonly delayMs: number
  /** How far a delay may be from `delayMs`, both ways and evenly; packets may overtake each other by it. */
  readonly jitterMs: number
  /** Share of packets that never arrive, 0 to 1. */
  readonly loss: number
  /** Share of packets that are not held back, so that they overtake those before them, 0 to 1. */
  readonly reorder: number
  /** Share of packets that arrive twice, 0 to 1. */
  readonly duplicate: number
  /** Bits per second; undefined = as many as there are. */
  readonly rate: number | undefined
  /** Decides which packets: the same number of the same packets is lost in each run. */
  readonly seed: number
}

export const untouched: Shape = {
  cut: false,
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  reorder: 0,
  duplicate: 0,
  rate: undefined,
  seed: 1,
}

/** Whether packets are held back, lost or repeated one by one, which takes more than a rule. */
export function isImpaired(shape: Shape): boolean {
  return isHeldUp(shape) || shape.duplicate > 0
}

/** Whether packets are held back or lost one by one. */
export function isHeldUp({ delayMs, jitterMs, loss, reorder }: Shape): boolean {
  return delayMs > 0 || jitterMs > 0 || loss > 0 || reorder > 0
}

/**
 * The shape of a point that several are asked for: delays add up, each loss takes its share of what the others leave,
 * the slowest rate holds, and the first seed decides.
 */
export function combineShapes(shapes: readonly Shape[]): Shape {
  const [first = untouched, ...rest] = shapes
  return rest.reduce(
    (all, each) => ({
      cut: all.cut || each.cut,
      delayMs: all.delayMs + each.delayMs,
      jitterMs: all.jitterMs + each.jitterMs,
      loss: share(all.loss, each.loss),
      reorder: share(all.reorder, each.reorder),
      duplicate: share(all.duplicate, each.duplicate),
      rate: all.rate === undefined ? each.rate : Math.min(all.rate, each.rate ?? all.rate),
      seed: all.seed,
    }),
    first,
  )
}

function share(one: number, other: number): number {
  return 1 - (1 - one) * (1 - other)
}
