import type { Canary } from '#lab/probes/canary.ts'
import { securityOf } from '#reports/record/hop-security.ts'
import { UnknownVerdict } from '#reports/record/unknown-verdict.ts'
import type { SeenHop, SeenLink } from './seen-wire.ts'

export interface Judgement {
  readonly pass: boolean
  /** What speaks against the claim, or for it when it holds; one line each. */
  readonly lines: readonly string[]
}

export interface MutualTlsClaim {
  /** The protocol that both sides have to agree on. */
  readonly alpn?: string
  /** What the names of both certificates have to match. */
  readonly subject?: RegExp
}

/**
 * Whether every byte of payload between two nodes was under mutual TLS.
 * @throws {UnknownVerdict} When no payload was seen between them.
 */
export function judgeMutualTls(link: SeenLink, claim: MutualTlsClaim): Judgement {
  const hops = hopsWithPayload(link)
  const faults = hops.flatMap((hop) => {
    const found = mutualTlsFaults(hop, claim)
    return found.length === 0 ? [] : [`${hop.place}: ${found.join('; ')}`]
  })
  if (faults.length > 0) return { pass: false, lines: faults }
  return { pass: true, lines: hops.map((hop) => `${hop.place}: mutual ${hop.tls?.version}`) }
}

function mutualTlsFaults({ record, tls }: SeenHop, { alpn, subject }: MutualTlsClaim): string[] {
  const security = securityOf(record)
  if (tls === undefined) return [record.payload]
  if (security === 'unknown-tls') {
    return [`${tls.version ?? 'TLS'} that cannot be read: its secrets are in no key log`]
  }
  const faults: string[] = []
  if (security !== 'mutual-tls') faults.push(`${tls.version ?? 'TLS'}, but not mutual`)
  if (tls.alert !== undefined) faults.push(`the ${tls.alert.by} ended it by ${tls.alert.name}`)
  if (tls.resumed) faults.push('a resumed session, in which nobody presents a certificate')
  for (const side of ['client', 'server'] as const) {
    const presented = tls[side]
    if (presented.kind !== 'certificate') faults.push(`the ${side} presented no certificate`)
    else if (subject !== undefined && !subject.test(presented.certificate.subject)) {
      faults.push(`the ${side} presented ${presented.certificate.subject}, not ${subject}`)
    }
  }
  if (alpn !== undefined && tls.alpn !== alpn) {
    faults.push(`its protocol is ${tls.alpn ?? 'not agreed on'}, not ${alpn}`)
  }
  return faults
}

/**
 * Whether a secret that crossed between two nodes is nowhere to be seen by somebody without keys.
 * @throws {UnknownVerdict} When the search could not have found it: nothing was seen, the capture has gaps, or the secret
 * did not cross at all.
 */
export function judgePlaintext(link: SeenLink, canary: Canary): Judgement {
  const hops = hopsWithPayload(link)
  const found = hops.map((hop) => ({ hop, sightings: hop.find(canary) }))
  const plain = found.flatMap(({ hop, sightings }) =>
    sightings
      .filter(({ as }) => as === 'plaintext')
      .map(({ packet, form }) => `packet ${packet} shows it ${form}; ${hop.place}`),
  )
  if (plain.length > 0) return { pass: false, lines: plain }
  const gap = hops.find((hop) => hop.missingBytes > 0)
  if (gap !== undefined) {
    throw new UnknownVerdict(`the capture misses ${gap.missingBytes} bytes of ${gap.place}`)
  }
  const sealed = found.flatMap(({ hop, sightings }) =>
    sightings.map(({ packet }) => `packet ${packet} holds it under TLS; ${hop.place}`),
  )
  if (sealed.length > 0) return { pass: true, lines: sealed }
  return { pass: true, lines: [judgeUnseen(link, canary)] }
}

/** The secret is not there even with all keys: where TLS cannot be read, it has to be seen elsewhere. */
function judgeUnseen({ from, to, hops, wire }: SeenLink, canary: Canary): string {
  const unread = hops.find(({ tls }) => tls !== undefined && tls.content === undefined)
  if (unread === undefined) {
    throw new UnknownVerdict(`${canary} did not cross from ${from} to ${to} at all`)
  }
  for (const hop of wire.hops) {
    const [control] = hop.find(canary)
    if (control !== undefined) return `seen in packet ${control.packet}; ${hop.place}`
  }
  throw new UnknownVerdict(`${canary} was seen nowhere, and ${unread.place} cannot be read`)
}

function hopsWithPayload({ from, to, hops }: SeenLink): readonly SeenHop[] {
  const spoken = hops.filter(({ record }) => record.payload !== 'none')
  if (spoken.length > 0) return spoken
  throw new UnknownVerdict(`no packet shows that ${from} said anything to ${to}`)
}
