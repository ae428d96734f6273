import { seenBy, type Mutant } from '#scenarios/mutate/mutant.ts'

const rotate = 'kong-cases/rotate-ca'
const steps = 'kong-cases/rotation-steps'
const wider = [seenBy(rotate), seenBy('kong-cases/one-authority')]
const inRotation = { file: 'core/kong/mesh/rotate-cluster-ca.ts' }
const inMembership = { file: 'core/kong/mesh/membership.ts' }
const rotates = [seenBy(steps), ...wider]

/** The authority of a cluster: made once, replaced while nodes run. */
export const authority: readonly Mutant[] = [
  {
    file: 'core/kong/mesh/ensure-cluster-ca.ts',
    id: 'authority-made-twice',
    breaks: 'A node that is not the first puts its authority in place of the one that is there.',
    text: 'if (faster !== undefined) return faster\n    await transaction.insert(',
    replacement: 'if (faster === null) return faster\n    await transaction.put(',
    watchers: [seenBy('kong-cases/one-authority', 'with one SQLite file'), ...wider],
  },
  {
    ...inRotation,
    id: 'rotation-does-not-offer',
    breaks: 'The new authority takes the place of the old one at once.',
    text: 'return { ...row, next }',
    replacement: 'return { ...row, cert: next.cert, key: next.key }',
    watchers: rotates,
  },
  {
    ...inRotation,
    id: 'rotation-forgets-at-once',
    breaks: 'The old authority is forgotten as soon as the new one is preferred.',
    text: 'next: null, previous: { cert, key } }',
    replacement: 'next: null, previous: null }',
    watchers: rotates,
  },
  {
    ...inRotation,
    id: 'rotation-stops-half-way',
    breaks: 'The old authority is never forgotten.',
    text: 'if (next === null) return { ...row, previous: null }',
    replacement: 'if (next === null) return row',
    watchers: rotates,
  },
  {
    ...inRotation,
    id: 'rotation-changes-nothing',
    breaks: 'The authority that was offered is not preferred.',
    text: 'return { ...row, cert: next.cert, key: next.key, next: null, previous: { cert, key } }',
    replacement: 'return { ...row, next: null, previous: null }',
    watchers: rotates,
  },
  {
    ...inMembership,
    id: 'replaced-authority-not-accepted',
    breaks: 'Nodes do not accept the authority that was replaced.',
    text: ', ...(previous === null ? [] : [previous])]',
    replacement: ', ...(previous === null ? [] : [])]',
    watchers: rotates,
  },
  {
    ...inMembership,
    id: 'offered-authority-not-accepted',
    breaks: 'Nodes do not accept the authority that is about to be preferred.',
    text: '...(next === null ? [] : [next])',
    replacement: '...(next === null ? [] : [])',
    watchers: rotates,
  },
]
