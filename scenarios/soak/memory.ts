import { readFileSync } from 'node:fs'

/** Resident memory of a process, in MiB. */
export function residentMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024
}

export interface MemoryTrend {
  /** Lowest values, in MiB: of the second quarter of the time and of the last one. A collector works between them. */
  readonly early: number
  readonly late: number
  readonly peak: number
}

/** What samples taken at regular intervals come down to. The first quarter is warming up. */
export function trendOf(samples: readonly number[]): MemoryTrend {
  const quarter = Math.max(1, Math.floor(samples.length / 4))
  return {
    early: Math.min(...samples.slice(quarter, 2 * quarter)),
    late: Math.min(...samples.slice(-quarter)),
    peak: Math.max(...samples),
  }
}
