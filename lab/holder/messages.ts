import type { FaultStatus } from '#lab/faults/fault-spec.ts'
import type { LabLink } from '#lab/faults/read-links.ts'
import type { LabState, LabStatus, ResetReport } from '#lab/lab.ts'

/** One request per connection to the lab's socket, as a line of JSON; closing the connection cancels it. */
export type LabRequest =
  | { readonly command: 'status' | 'state' | 'reset' }
  | {
      readonly command: 'exec'
      readonly node: string
      readonly argv: readonly [string, ...string[]]
      readonly environment: Readonly<Record<string, string>>
      readonly input: string
      readonly timeoutMs: number
    }
  | { readonly command: 'start' | 'stop' | 'kill'; readonly node: string }
  | { readonly command: 'rules'; readonly state: 'installed' | 'removed' }
  /** `spec` is looked at here and nowhere before. Probes see what became of a link unless `measure` is false. */
  | { readonly command: 'fault'; readonly spec: unknown; readonly measure?: boolean }
  /** Without an id all faults. */
  | { readonly command: 'heal'; readonly id: string | undefined }
  | { readonly command: 'faults' | 'links' }
  /** A TCP socket in the network of a node, bound when `source` says so. */
  | {
      readonly command: 'socket'
      readonly node: string
      readonly family: 4 | 6
      readonly source: { readonly address: string; readonly port: number } | undefined
    }
  /** A socket that sees the packets of an interface in the network of a node. */
  | { readonly command: 'packets'; readonly node: string; readonly interface: string }
  | { readonly command: 'down' }

/** Lines of JSON that answer a request: output as it comes (base64), then one result or one error. */
export type LabReply =
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly data: string }
  | { readonly kind: 'result'; readonly result: LabResult }
  | { readonly kind: 'error'; readonly message: string }

export type LabResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'status'; readonly status: LabStatus }
  | { readonly kind: 'state'; readonly state: LabState }
  | { readonly kind: 'reset'; readonly report: ResetReport }
  | { readonly kind: 'links'; readonly links: readonly LabLink[] }
  | { readonly kind: 'faults'; readonly faults: readonly FaultStatus[] }
  /** The descriptor itself comes with the reply; this is its number in the holder. */
  | { readonly kind: 'socket'; readonly fd: number }
  | {
      readonly kind: 'exited'
      readonly exitCode: number | null
      readonly durationMs: number
      readonly timedOut: boolean
    }

/**
 * What the process that brings the lab up tells the holder over the descriptor they share: that its proxies find what
 * they would make themselves, and that the lab may outlive it.
 */
export type OpenerLine = 'prepared' | 'stay'

/**
 * What the holder tells the process that brings the lab up, over the descriptor they share. Times count from the start
 * of the holder.
 */
export type LabEvent =
  | { readonly kind: 'network'; readonly afterMs: number }
  | { readonly kind: 'node'; readonly node: string; readonly afterMs: number }
  | { readonly kind: 'ready'; readonly afterMs: number }
  /** What takes long, and how far it is. */
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'failed'; readonly message: string }
