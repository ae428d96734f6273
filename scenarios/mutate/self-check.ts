import { seenBy, type Mutant } from './mutant.ts'
import type { Result } from './score.ts'

const watchers = [seenBy('kong/limitations/plain-services', 'a service of protocol http')]

/** Two whose fate is known: whoever finds another one for them tells nothing about the rest. */
export const controls = {
  deadly: {
    id: 'control-deadly',
    breaks: 'A node takes nobody for a member of its mesh.',
    file: 'core/dataplane/mesh/choose-authority.ts',
    text: 'return mesh?.authorities.find(({ protocol }) => protocols.includes(protocol))',
    replacement: 'return undefined && [mesh, protocols]',
    watchers,
  },
  harmless: {
    id: 'control-harmless',
    breaks: 'Nothing: the same, written in another way.',
    file: 'core/dataplane/mesh/choose-authority.ts',
    text: 'find(({ protocol }) => protocols.includes(protocol))',
    replacement: 'find((authority) => protocols.includes(authority.protocol))',
    watchers,
  },
} as const satisfies Record<string, Mutant>

/** Whether the controls met the fates that they had to. */
export function controlsHold(results: readonly Result[]): boolean {
  const fateOf = ({ id }: Mutant): string | undefined =>
    results.find(({ mutant }) => mutant.id === id)?.fate.kind
  return fateOf(controls.deadly) === 'killed' && fateOf(controls.harmless) === 'survived'
}
