import { typed } from '#lab/cli/called-as.ts'
import { messageOf } from '#lab/run/fault.ts'
import type { Check } from './check.ts'

/** Asks a container engine whether it is there, and for containers whose lab is not. */
export async function checkContainers(environment: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  // The client of the engine takes longer to load than all else of the doctor.
  const { connectEngine } = await import('#lab/runtime/containers/engine.ts')
  const { hasEnded, ownerLabel } = await import('#lab/runtime/containers/owner.ts')
  const check = { category: 'containers', name: 'container engine' } as const
  try {
    const engine = await connectEngine()
    const { Version: detail } = await engine.version()
    const labelled = await engine.listContainers({ all: true, filters: { label: [ownerLabel] } })
    const left = labelled.filter(({ Labels }) => hasEnded(Labels[ownerLabel] ?? ''))
    const works: Check = { ...check, verdict: 'works', detail }
    if (left.length === 0) return [works]
    return [
      works,
      {
        category: 'leftovers',
        name: 'containers',
        verdict: 'limited',
        detail: String(left.length),
        why: `The labs of ${left.map(({ Names }) => Names[0]?.replace('/', '')).join(', ')} have ended.`,
        remedy: `Run "${typed('reap', [], environment)}".`,
        fix: ['meshyard', 'reap'],
      },
    ]
  } catch (error) {
    return [
      { ...check, verdict: 'limited', why: `${messageOf(error)} Labs in namespaces need none.` },
    ]
  }
}
