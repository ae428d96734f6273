import type { HopRecord } from '#reports/record/record.ts'
import type { Connection } from './connections.ts'
import { arrived } from './hop-words.ts'

/** What passed from one node to another: one arrow of a drawing. */
export interface Flow {
  readonly from: string
  readonly to: string
  /** The worst of its connections: one that did not arrive, else plaintext before TLS. */
  readonly payload: HopRecord['payload']
  readonly count: number
  /** How many of them did not arrive. */
  readonly broken: number
}

/** One flow for each pair of nodes; the ladder tells its connections apart. */
export function compileFlows(connections: readonly Connection[]): readonly Flow[] {
  const pairs = Map.groupBy(
    connections.filter(({ from, to }) => from !== to),
    ({ from, to }) => `${from}\n${to}`,
  )
  return Array.from(pairs.values(), (pair) => {
    const worst = pair.toSorted((a, b) => badness(b) - badness(a))[0]
    return worst === undefined
      ? []
      : {
          from: worst.from,
          to: worst.to,
          payload: worst.hop.payload,
          count: pair.length,
          broken: pair.filter(({ hop }) => !arrived(hop)).length,
        }
  }).flat()
}

function badness({ hop }: Connection): number {
  return (arrived(hop) ? 0 : 4) + { plaintext: 2, tls: 1, none: 0 }[hop.payload]
}

export function explainFlow({ from, to, payload, count, broken }: Flow): string {
  const connections = `${count} ${count === 1 ? 'connection' : 'connections'}`
  return `${from} to ${to}: ${connections}, ${payloadWords[payload]}${broken > 0 ? `, ${broken} not served` : ''}`
}

/** The same in the few words an arrow has room for. */
export function labelFlow({ payload, count, broken }: Flow): string {
  if (broken > 0 && count > 1) return `✕ ${broken} of ${count}`
  return `${broken > 0 ? '✕ ' : ''}${count > 1 ? `${count} × ` : ''}${payloadWords[payload]}`
}

const payloadWords: Readonly<Record<HopRecord['payload'], string>> = {
  tls: 'TLS',
  plaintext: 'plaintext',
  none: 'no payload',
}
