import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { endLab } from '#lab/client/end-lab.ts'
import { labHome } from '#lab/run/home.ts'
import { readRunState, removeRunFolder } from '#lab/run/run-folder.ts'

/** What the names of the labs begin with that a run of scenarios keeps for its next file. */
const variable = 'MESHYARD_WARM_LABS'

/** Undefined: nobody would take it down in the end. */
export function warmLabName(number: number): { readonly name: string } | undefined {
  const begin = process.env[variable]
  return begin === undefined ? undefined : { name: `${begin}${process.pid}-${number}` }
}

/** Before the processes of a run start. */
export function setup(): void {
  process.env[variable] = `warm-${process.pid}-`
}

/** After they have ended, and their labs with them or soon. */
export async function teardown(): Promise<void> {
  const begin = process.env[variable] ?? ''
  delete process.env[variable]
  const left = list(labHome()).filter((name) => begin !== '' && name.startsWith(begin))
  await Promise.all(
    left.map(async (name) => {
      const folder = join(labHome(), name)
      const state = readRunState(folder)
      if (state !== undefined) await endLab(folder, state)
      removeRunFolder(folder)
    }),
  )
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
