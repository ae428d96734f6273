import { createHash } from 'node:crypto'

/** The fragment that leads to a scenario, the same in every run: readable first, then unique. */
export function anchorOf(scenarioId: string): string {
  const words = scenarioId
    .split(' > ')
    .slice(1)
    .join(' ')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replaceAll(/^-|-$/g, '')
  const hash = createHash('sha256').update(scenarioId).digest('hex').slice(0, 8)
  return `s-${words}-${hash}`
}
