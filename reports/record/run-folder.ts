import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolders } from './make-folders.ts'

/** Makes the folder of a new run below `parent`. Its name, the run's id, sorts by the time of its start (UTC). */
export function createRunFolder(parent: string, startedAt: Date): { id: string; folder: string } {
  makeFolders(parent)
  const base = startedAt.toISOString().replace(/[-:]/g, '').replace('T', '-').replace('.', '-')
  for (let attempt = 1; ; attempt += 1) {
    const id = attempt === 1 ? base : `${base}-${attempt}`
    const folder = join(parent, id)
    try {
      mkdirSync(folder)
      return { id, folder }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}
