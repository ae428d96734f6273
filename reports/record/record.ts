/**
 * What one run leaves behind, as `report.json` holds it. Versioned: a field may be added within a version; one that is
 * renamed, removed or changes its meaning makes a new version. Times are ISO 8601 in UTC, durations ms.
 */
export interface RunRecord {
  readonly version: 1
  readonly run: {
    readonly id: string
    readonly startedAt: string
    readonly durationMs: number
    readonly verdict: Verdict
    /** What was run, as a person would type it again. */
    readonly command: string
    readonly commit: string | undefined
  }
  readonly machine: {
    readonly kernel: string
    readonly node: string
    readonly cpus: number
    readonly firewall: string | undefined
  }
  /** Every test of the run: scenarios and unit tests together. */
  readonly counts: Counts
  readonly topologies: readonly TopologyRecord[]
  readonly scenarios: readonly ScenarioRecord[]
  readonly units: readonly UnitRecord[]
  /** Faults outside any scenario: set-up, tear-down, an unhandled rejection. */
  readonly faults: readonly string[]
}

/** `unknown`: the scenario could not observe what it needed, so it neither holds nor fails. */
export type Verdict = 'passed' | 'failed' | 'skipped' | 'unknown'

export type Counts = Readonly<Record<Verdict, number>>

/** A test that is no scenario. It leaves no evidence, so it has a verdict and nothing more. */
export interface UnitRecord {
  readonly file: string
  readonly suite: readonly string[]
  readonly title: string
  readonly verdict: Verdict
  /** Why it is `skipped` or `unknown`, where that is known. */
  readonly note: string | undefined
  readonly durationMs: number
  readonly failures: readonly FailureRecord[]
}

export interface TopologyRecord {
  readonly name: string
  readonly nodes: readonly {
    readonly name: string
    readonly kind: 'service' | 'proxy' | 'control-plane' | 'switch'
    readonly namespace: string
    readonly addresses: readonly string[]
  }[]
  readonly links: readonly { readonly name: string; readonly between: readonly string[] }[]
}

export interface ScenarioRecord {
  /** Stable: file, suite titles and title joined by ` > `; a second scenario of the same titles ends in ` #2`. */
  readonly id: string
  readonly file: string
  readonly suite: readonly string[]
  /** A claim a reader can doubt. */
  readonly title: string
  readonly topology: string | undefined
  readonly verdict: Verdict
  /** Why a scenario is `skipped` or `unknown`, where it said so. */
  readonly note: string | undefined
  readonly startedAt: string | undefined
  readonly durationMs: number
  /** Runs it took to reach the verdict; above 1 it was retried. */
  readonly attempts: number
  readonly tags: readonly string[]
  /** Why it failed or is unknown; of a passed scenario, why its earlier attempts failed. */
  readonly failures: readonly FailureRecord[]
  /** Commands as they were run inside the lab, in order. */
  readonly commands: readonly CommandRecord[]
  /** TCP connections as the packets on the links show them, oldest first. */
  readonly hops: readonly HopRecord[]
  readonly logs: readonly LogRecord[]
  /** Shell lines that run this scenario again. */
  readonly reproduce: readonly string[]
}

export interface FailureRecord {
  readonly message: string
  readonly stack: string | undefined
}

export interface LogRecord {
  readonly node: string
  /** What the node calls it, such as `error.log`. */
  readonly name: string
  readonly text: string
}

export interface CommandRecord {
  readonly node: string
  readonly argv: readonly string[]
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly durationMs: number
}

export interface HopRecord {
  readonly link: string
  readonly at: string
  readonly source: string
  readonly destination: string
  /** Names of the nodes that own these addresses, where known. */
  readonly from: string | undefined
  readonly to: string | undefined
  /** What the first payload bytes from either side were. `none`: no payload crossed. */
  readonly payload: 'plaintext' | 'tls' | 'none'
  readonly serverName: string | undefined
  readonly bytesToServer: number
  readonly bytesToClient: number
  /** `refused`: answered by RST. `unanswered`: no SYN-ACK was seen. */
  readonly outcome: 'closed' | 'reset' | 'refused' | 'unanswered' | 'open'
}
