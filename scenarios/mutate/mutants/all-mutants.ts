import type { Mutant } from '#scenarios/mutate/mutant.ts'
import { authority } from './authority.ts'
import { counters } from './counters.ts'
import { evidence } from './evidence.ts'
import { handshake } from './handshake.ts'
import { interception } from './interception.ts'
import { protocolId } from './protocol-id.ts'
import { requests } from './requests.ts'
import { runOn } from './run-on.ts'

export const allMutants: readonly Mutant[] = [
  ...interception,
  ...protocolId,
  ...handshake,
  ...runOn,
  ...counters,
  ...requests,
  ...authority,
  ...evidence,
]
