/** What is done to a lab. */
export const harms = [
  'SIGKILL of the command',
  'SIGKILL of the wrapper',
  'SIGKILL of the first process',
  'SIGKILL of the holder',
  'SIGKILL of all processes',
  'SIGTERM to the command',
  'SIGTERM to the holder',
  'SIGINT to the command',
  'SIGHUP to the command',
  'terminal closed',
  'disk full',
  'node out of memory',
  'node killed for memory',
  'SIGKILL of holder at fault',
  'SIGKILL of command at fault',
] as const
export type Harm = (typeof harms)[number]

/** What is being done to the lab meanwhile: `meshyard up`, traffic and a command in a node, `meshyard down`. */
export const phases = ['up', 'run', 'down'] as const
export type Phase = (typeof phases)[number]

/** One trial of the campaign. */
export interface Moment {
  /** From 0; names it together with the seed. */
  readonly index: number
  readonly harm: Harm
  readonly phase: Phase
  /** When in the phase, as a share of its usual length. */
  readonly at: number
}

/**
 * Spreads moments over all kinds of harm and all phases, and those of one kind and phase over the length of the phase.
 * @param random Numbers from 0 up to 1.
 */
export function planMoments(count: number, random: () => number): readonly Moment[] {
  const kinds = harms.flatMap((harm) => phases.map((phase) => ({ harm, phase })))
  return Array.from({ length: count }, (_, index) => {
    const kind = kinds[index % kinds.length]
    if (kind === undefined) throw new Error('an index below the length is one of the list')
    const round = Math.floor(index / kinds.length)
    const rounds = Math.ceil((count - (index % kinds.length)) / kinds.length)
    return { index, ...kind, at: (round + random()) / rounds }
  })
}
