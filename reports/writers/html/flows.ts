import type { HopRecord } from '#reports/record/record.ts'
import { arrived } from './hop-words.ts'

/** What passed from one node to another: one arrow of a drawing. */
export interface Flow {
  readonly from: string
  readonly to: string
  readonly payload: HopRecord['payload']
  readonly arrived: boolean
  readonly count: number
}

/** Hops between named nodes, counted by how they went. */
export function compileFlows(hops: readonly HopRecord[]): readonly Flow[] {
  const flows = new Map<string, Flow>()
  for (const hop of hops) {
    const { from, to, payload } = hop
    if (from === undefined || to === undefined || from === to) continue
    const key = [from, to, payload, arrived(hop)].join('\n')
    const count = (flows.get(key)?.count ?? 0) + 1
    flows.set(key, { from, to, payload, arrived: arrived(hop), count })
  }
  // Several kinds between the same two nodes share one arrow's place: the worst of them is shown, the ladder has all.
  const pairs = Map.groupBy(flows.values(), ({ from, to }) => `${from}\n${to}`)
  return Array.from(pairs.values(), worstOf).filter((flow) => flow !== undefined)
}

function worstOf(flows: readonly Flow[]): Flow | undefined {
  const rank = (flow: Flow): number =>
    (flow.arrived ? 0 : 4) + { plaintext: 2, tls: 1, none: 0 }[flow.payload]
  const worst = flows.toSorted((a, b) => rank(b) - rank(a))[0]
  return worst && { ...worst, count: flows.reduce((total, { count }) => total + count, 0) }
}

export function explainFlow({ from, to, payload, count, arrived: all }: Flow): string {
  const connections = `${count} ${count === 1 ? 'connection' : 'connections'}`
  return `${from} to ${to}: ${connections}, ${payloadWords[payload]}${all ? '' : ', not all of them served'}`
}

export const payloadWords: Readonly<Record<HopRecord['payload'], string>> = {
  tls: 'TLS',
  plaintext: 'plaintext',
  none: 'no payload',
}
