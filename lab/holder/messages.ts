import type { LabStatus } from '#lab/lab.ts'

/** One request per connection to the lab's socket, as a line of JSON; closing the connection cancels it. */
export type LabRequest =
  | { readonly command: 'status' }
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
  | { readonly command: 'down' }

/** Lines of JSON that answer a request: output as it comes (base64), then one result or one error. */
export type LabReply =
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly data: string }
  | { readonly kind: 'result'; readonly result: LabResult }
  | { readonly kind: 'error'; readonly message: string }

export type LabResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'status'; readonly status: LabStatus }
  | {
      readonly kind: 'exited'
      readonly exitCode: number | null
      readonly durationMs: number
      readonly timedOut: boolean
    }

/**
 * What the holder tells the process that brings the lab up, over the descriptor they share. Times count from the start
 * of the holder.
 */
export type LabEvent =
  | { readonly kind: 'network'; readonly afterMs: number }
  | { readonly kind: 'node'; readonly node: string; readonly afterMs: number }
  | { readonly kind: 'ready'; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly message: string }
