import { expect as plainExpect } from 'vitest'
import type { Canary } from '#lab/probes/canary.ts'
import {
  judgeMutualTls,
  judgePlaintext,
  type Judgement,
  type MutualTlsClaim,
} from './wire/judge-link.ts'
import type { BalanceClaim } from './ledger/balance-claim.ts'
import { judgeBalance } from './ledger/judge-balance.ts'
import type { Yard } from './stage.ts'
import { judgePassage } from './wire/judge-request.ts'
import type { SeenLink, SeenRequest } from './wire/seen-wire.ts'

interface WireMatchers<result> {
  /**
   * Of `link(from, to)`: all payload between the two was under mutual TLS, both certificates proven. Neither it nor its
   * negation holds when nothing was said.
   */
  toCarryOnlyMutualTls(claim?: MutualTlsClaim): result
  /**
   * Of `link(from, to)`: the secret crossed, and nobody without keys saw it. Neither it nor its negation holds when it did
   * not cross.
   */
  toShowNoPlaintext(canary: Canary): result
  /** Of `request(canary)`: these nodes handed it on, in this order, and no others. */
  toHavePassed(nodes: readonly string[]): result
  /**
   * Of `yard`: what was sent, what packets show on each leg, what each proxy, limiter and plugin says and what the service
   * saw agree on every request. A claim says where requests are meant to go otherwise than the topology sends them.
   */
  toBalance(claim?: BalanceClaim): Promise<void>
}

declare module 'vitest' {
  // oxlint-disable-next-line typescript/no-empty-object-type -- how vitest is extended
  interface Matchers<
    R extends void | Promise<void> = void | Promise<void>,
    T = unknown,
  > extends WireMatchers<R> {}
}

plainExpect.extend({
  toCarryOnlyMutualTls: (link: SeenLink, claim: MutualTlsClaim = {}) =>
    answer(`${link.from} to ${link.to}`, judgeMutualTls(link, claim), [
      `only mutual TLS${claim.alpn === undefined ? '' : ` for ${claim.alpn}`} was expected`,
      'something else than mutual TLS was expected',
    ]),
  toShowNoPlaintext: (link: SeenLink, canary: Canary) =>
    answer(`${link.from} to ${link.to}`, judgePlaintext(link, canary), [
      `${canary} can be read by anybody`,
      `${canary} was expected to be readable by anybody`,
    ]),
  toHavePassed: (request: SeenRequest, nodes: readonly string[]) =>
    answer(`the request with ${request.canary}`, judgePassage(request, nodes), [
      `it was expected to pass ${nodes.join(', ') || 'nobody'}`,
      `it was not expected to pass ${nodes.join(', ') || 'nobody'}`,
    ]),
  toBalance: async (yard: Yard, claim: BalanceClaim = {}) =>
    answer('the books', await judgeBalance(yard, claim), [
      'they were expected to balance',
      'they were not expected to balance',
    ]),
})

/** `expect` with the matchers of wires. */
export const expect = plainExpect

function answer(
  what: string,
  { pass, lines }: Judgement,
  [whenFalse, whenTrue]: readonly [string, string],
): { readonly pass: boolean; readonly message: () => string } {
  const claim = pass ? whenTrue : whenFalse
  return { pass, message: () => [`${what}: ${claim}`, ...lines].join('\n  ') }
}
