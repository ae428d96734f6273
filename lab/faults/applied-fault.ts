import type { FaultStatus, MeasuredWay } from './fault-spec.ts'

/** What a fault came to, and the way back. */
export interface AppliedFault {
  readonly by: string
  readonly measured?: readonly MeasuredWay[]
  readonly note?: string
  readonly packets?: () => FaultStatus['packets']
  /** Absent: it was over at once. */
  readonly heal?: () => Promise<void>
}
