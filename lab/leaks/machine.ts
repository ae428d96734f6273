import type { Backend } from '#lab/runtime/runtime.ts'
import { controls, type Leave } from './controls.ts'
import { placeForeign } from './foreign.ts'
import { takeTraces, type Traces } from './traces.ts'

/** What the labs of a campaign are on. */
export interface Machine {
  readonly backend: Backend
  take(): Promise<Traces>
  /** By the kind that the traces show them under. */
  readonly controls: Readonly<Record<string, Leave>>
  /** Makes what belongs to somebody else, in a folder and elsewhere; it has to be there to the end. */
  placeForeign(folder: string): Promise<void>
}

/** Opens the machine that this process sees; `folders` are those to look into. */
export async function openMachine(backend: Backend, folders: readonly string[]): Promise<Machine> {
  const machine: Machine = {
    backend,
    take: async () => takeTraces({ folders, ours: [process.pid] }),
    controls,
    placeForeign,
  }
  if (backend === 'namespaces') return machine
  // A client of an engine takes longer to load than all the rest.
  const { withEngine } = await import('./engine-machine.ts')
  return withEngine(machine)
}
