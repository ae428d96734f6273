import { join, resolve } from 'node:path'
import { LabError } from './lab-error.ts'

const labName = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/** The folder that holds a run folder per lab: MESHYARD_HOME, else `.meshyard` in the project. */
export function labHome(environment: NodeJS.ProcessEnv = process.env): string {
  const home = environment['MESHYARD_HOME']
  return home === undefined || home === '' ? join(projectRoot, '.meshyard') : resolve(home)
}

/** Where the product's own files are. */
export const projectRoot: string = resolve(import.meta.dirname, '..', '..')

/** What is on PATH in a lab before all else, `kong`, and behind all else, a `sudo` for machines without one. */
export const programFolders = {
  first: [join(projectRoot, 'core/bin')],
  last: [join(projectRoot, 'lab/docs-runner/fallback')],
} as const

/** @throws LabError for a name that cannot name a folder. */
export function parseLabName(text: string): string {
  if (labName.test(text)) return text
  throw new LabError(
    `"${text}" cannot name a lab: use 1 to 32 lower-case letters, digits and hyphens.`,
  )
}

/** Where Node keeps compiled code, which saves a third of a start; beside the packages, so nothing else to clean up. */
export const compileCache: string = join(projectRoot, 'node_modules/.cache/meshyard')
