import type { FaultKind, LinkFaultSpec, NodeFaultSpec } from './fault-spec.ts'

/** What can be broken of a link, in the order of help. */
export const linkFaults = [
  'partition',
  'down',
  'delay',
  'jitter',
  'loss',
  'rate',
  'reorder',
  'duplicate',
] as const satisfies readonly LinkFaultSpec['kind'][]

/** … and of a node. */
export const nodeFaults = [
  'kill',
  'pause',
  'restart',
  'reset',
  'clock',
  'expired-certificate',
] as const satisfies readonly NodeFaultSpec['kind'][]

export const faultKinds: readonly FaultKind[] = [...linkFaults, ...nodeFaults, 'store-down']
