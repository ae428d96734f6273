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
  /** Capture files (pcapng, decrypted by Wireshark as they stand) of which `hops` are a part; relative to the run's folder. */
  readonly captures: readonly string[]
  readonly logs: readonly LogRecord[]
  /** Who sent, carried, handled and served each request; undefined: the scenario makes no claim of it. */
  readonly ledger: LedgerRecord | undefined
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

/** The books of a scenario, which balance where each place has seen each request as often as it was due there. */
export interface LedgerRecord {
  readonly verdict: 'balanced' | 'unbalanced'
  /** How many requests were sent; `requests` may have fewer. */
  readonly total: number
  /** In the order in which they were sent. */
  readonly requests: readonly LedgerRequestRecord[]
  /** Where books contradict each other, a sentence each. */
  readonly imbalances: readonly string[]
}

export interface LedgerRequestRecord {
  readonly id: string
  /** Which command sent it. */
  readonly sent: string
  /** In the order of its way. */
  readonly entries: readonly LedgerEntryRecord[]
}

export interface LedgerEntryRecord {
  /** In words: `kong-a to kong-b`, `the log of kong-a`. */
  readonly book: string
  readonly proof: 'packets' | 'log' | 'counter'
  readonly times: number
  /** Where to look it up: `packet 12 on mesh`, `line 3 of access.log of kong-a`. */
  readonly where: readonly string[]
  /** Whether that is as often as it was due, and not too early. */
  readonly balanced: boolean
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
  /** Present when `payload` is `tls`. */
  readonly tls: TlsRecord | undefined
  /** Numbers of its first and last packet in the capture file; undefined: none was written. */
  readonly packets: { readonly first: number; readonly last: number } | undefined
  readonly bytesToServer: number
  readonly bytesToClient: number
  /** `refused`: answered by RST. `unanswered`: no SYN-ACK was seen. */
  readonly outcome: 'closed' | 'reset' | 'refused' | 'unanswered' | 'open'
}

/** A TLS connection as its packets show it: TLS 1.2 in the clear, TLS 1.3 with the key logs of the lab. */
export interface TlsRecord {
  /** `TLS 1.3`; undefined: nobody answered the ClientHello. */
  readonly version: string | undefined
  /** Name in IANA's registry. */
  readonly cipher: string | undefined
  readonly offeredAlpn: readonly string[]
  readonly alpn: string | undefined
  /** Whether the whole handshake could be read; if not, ALPN and certificates are unknown rather than absent. */
  readonly readable: boolean
  /** An earlier session went on, so nobody presented a certificate. */
  readonly resumed: boolean
  /** Both sides finished the handshake and neither called it off; undefined: unknown. */
  readonly established: boolean | undefined
  /** What ended it before its time: `server: unknown_ca`. */
  readonly alert: string | undefined
  /** What each side presented; undefined: nothing, or that is unknown. */
  readonly serverCertificate: CertificateRecord | undefined
  readonly clientCertificate: CertificateRecord | undefined
}

export interface CertificateRecord {
  readonly subject: string
  readonly issuer: string
  /** SHA-256 in hexadecimal with colons. */
  readonly fingerprint: string
  /** The sender signed for having its key. */
  readonly proven: boolean
}
