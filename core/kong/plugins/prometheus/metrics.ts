import type { LogRecord } from '#core/kong/plugins/log-record/log-record.ts'

/** Upper bounds in ms. */
export const latencyBuckets = [
  1, 2, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100, 200, 300, 400, 500, 1000, 2000, 5000,
  10_000, 30_000, 60_000,
] as const

export interface Histogram {
  /** Observations in each bucket alone; the last one has no upper bound. */
  readonly counts: readonly number[]
  readonly sum: number
}

type Labels = readonly [first: string, service: string]

/** What a node has counted since it started, of requests that have a service. */
export class Metrics {
  readonly #statuses = new Series<number>()
  readonly #bandwidths = new Series<number>()
  readonly #latencies = new Series<{ counts: number[]; sum: number }>()

  observe({ service, request, response, latencies }: LogRecord): void {
    if (service === undefined) return
    const name = service.name ?? service.host
    this.#add(this.#statuses, [`${response.status}`, name], 1)
    this.#add(this.#bandwidths, ['ingress', name], Number(request.size))
    this.#add(this.#bandwidths, ['egress', name], Number(response.size))
    this.#time(['request', name], latencies.request)
    this.#time(['upstream', name], latencies.proxy)
    this.#time(['kong', name], latencies.kong)
  }

  /** Status and service. */
  get statuses(): Iterable<readonly [Labels, number]> {
    return this.#statuses
  }

  /** Direction and service; bytes. */
  get bandwidths(): Iterable<readonly [Labels, number]> {
    return this.#bandwidths
  }

  /** Kind and service; ms. */
  get latencies(): Iterable<readonly [Labels, Histogram]> {
    return this.#latencies
  }

  #add(series: Series<number>, labels: Labels, by: number): void {
    if (by > 0) series.set(labels, (series.get(labels) ?? 0) + by)
  }

  #time(labels: Labels, ms: number): void {
    if (ms < 0) return
    let histogram = this.#latencies.get(labels)
    if (histogram === undefined) {
      histogram = { counts: Array.from({ length: latencyBuckets.length + 1 }, () => 0), sum: 0 }
      this.#latencies.set(labels, histogram)
    }
    const found = latencyBuckets.findIndex((bound) => ms <= bound)
    const at = found === -1 ? latencyBuckets.length : found
    histogram.counts[at] = (histogram.counts[at] ?? 0) + 1
    histogram.sum += ms
  }
}

/** Values by two labels; iterates by ascending labels. */
class Series<value> {
  readonly #values = new Map<string, readonly [Labels, value]>()

  get([first, service]: Labels): value | undefined {
    return this.#values.get(`${first} ${service}`)?.[1]
  }

  set(labels: Labels, value: value): void {
    this.#values.set(`${labels[0]} ${labels[1]}`, [labels, value])
  }

  *[Symbol.iterator](): Iterator<readonly [Labels, value]> {
    for (const key of [...this.#values.keys()].toSorted()) {
      const entry = this.#values.get(key)
      if (entry !== undefined) yield entry
    }
  }
}
