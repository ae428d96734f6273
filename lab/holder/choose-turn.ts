import type { ProcessPlan } from '#lab/topology/plan-process.ts'

/** When a process starts: before all others, as one of the services, for which nobody waits, or as a proxy. */
export type Turn = 'first' | 'service' | 'proxy'

/** A proxy that is itself told the configuration is what all others wait for. */
export function chooseTurn({ kong, early }: Pick<ProcessPlan, 'kong' | 'early'>): Turn {
  if (early === true || kong?.proxies === false || kong?.asked === true) return 'first'
  return kong === undefined ? 'service' : 'proxy'
}

/** What proxies wait for: that a control plane listens, or that it has been told everything. */
export type ProxyCue = 'listens' | 'is-told'

/**
 * Proxies that all start together find everything told by the time they have started. Of more, the first would go through
 * all the changes; and one that does not tell what it knows could miss some, and nobody would see it.
 */
export function chooseCue(
  proxies: readonly Pick<ProcessPlan, 'kong'>[],
  { atATime }: { readonly atATime: number },
): ProxyCue {
  const areSilent = proxies.some(({ kong }) => kong?.silent === true)
  return areSilent || proxies.length > atATime ? 'is-told' : 'listens'
}
