import type { HopRecord } from '#reports/record/record.ts'

/** Who is at either end, by name where it is known and by address otherwise. */
export function endsOf(hop: HopRecord): readonly [string, string] {
  return [hop.from ?? hop.source, hop.to ?? hop.destination]
}

/** Whether the connection came about and was not cut off. */
export function arrived({ outcome }: HopRecord): boolean {
  return outcome === 'closed' || outcome === 'open'
}

export function explainPayload({
  payload,
  serverName,
}: Pick<HopRecord, 'payload' | 'serverName'>): string {
  switch (payload) {
    case 'tls':
      return serverName === undefined ? 'TLS' : `TLS for ${serverName}`
    case 'plaintext':
      return 'plaintext'
    case 'none':
      return 'no payload'
  }
}

export function explainOutcome({ outcome }: HopRecord): string {
  switch (outcome) {
    case 'closed':
      return 'closed'
    case 'open':
      return 'still open'
    case 'reset':
      return 'cut off by RST'
    case 'refused':
      return 'refused by RST'
    case 'unanswered':
      return 'unanswered'
  }
}
