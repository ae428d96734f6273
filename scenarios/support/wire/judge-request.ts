import { UnknownVerdict } from '#reports/record/unknown-verdict.ts'
import type { Judgement } from './judge-link.ts'
import type { SeenRequest } from './seen-wire.ts'

/**
 * Whether a request was handed on by these nodes, in this order, and by no others: each of them dialled a connection
 * that carried its secret.
 * @throws {UnknownVerdict} When the secret was seen nowhere.
 */
export function judgePassage(request: SeenRequest, nodes: readonly string[]): Judgement {
  const { canary, carriers, unread } = request
  if (carriers.length === 0) {
    const hidden = unread.map(({ place }) => place).join(', ')
    const reason = hidden === '' ? '' : `; what cannot be read: ${hidden}`
    throw new UnknownVerdict(`${canary} was seen on no link${reason}`)
  }
  const [, ...passedOn] = carriers
  const passed = passedOn.map(({ hop }) => hop.from ?? hop.record.source)
  const pass = passed.length === nodes.length && passed.every((name, at) => name === nodes[at])
  const steps = carriers.map(
    ({ hop, sighting }) =>
      `packet ${sighting.packet}: ${hop.from ?? '?'} to ${hop.to ?? '?'} (${sighting.as}); ${hop.place}`,
  )
  const hidden = unread.map(({ place }) => `cannot be read: ${place}`)
  return { pass, lines: [`it passed ${passed.join(', ') || 'nobody'}`, ...steps, ...hidden] }
}
