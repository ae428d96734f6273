import { randomBytes } from 'node:crypto'
import type { B3Context } from './b3-headers.ts'

/** What is known of one exchange before it is over. Times are Unix time in ms. */
export interface Trace {
  readonly traceId: string
  /** The caller's span. */
  readonly parentId: string | undefined
  readonly requestSpanId: string
  readonly proxySpanId: string
  readonly sampled: boolean
  rewriteAt?: number
  accessAt?: number
  responseAt?: number
}

/** Goes on with the caller's trace, or begins one that is reported with the given probability. */
export function beginTrace({ traceId, spanId, sampled }: B3Context, sampleRatio: number): Trace {
  return {
    traceId: traceId ?? randomId(16),
    parentId: spanId,
    requestSpanId: randomId(8),
    proxySpanId: randomId(8),
    sampled: sampled ?? Math.random() < sampleRatio,
  }
}

export function randomId(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
