import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { errorCode } from './fault.ts'
import { LabError } from './lab-error.ts'
import { readIfThere } from './read-if-there.ts'

const labName = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/**
 * The folder that holds a run folder per lab: MESHYARD_HOME, else `.meshyard` in the project, or where others than its
 * owner use the project, `meshyard` in their folder for state.
 */
export function labHome(environment: NodeJS.ProcessEnv = process.env): string {
  const home = environment['MESHYARD_HOME']
  if (home !== undefined && home !== '') return resolve(home)
  const beside = join(projectRoot, '.meshyard')
  if (isWritable(beside)) return beside
  return join(ownFolder(environment, 'XDG_STATE_HOME', '.local/state'), 'meshyard')
}

/** Where the product's own files are. */
export const projectRoot: string = resolve(import.meta.dirname, '..', '..')

/**
 * What is on PATH in a lab before all else, `kong`, and behind all else, a `sudo` for machines without one. Where groups
 * cannot be changed, as in the labs of ordinary users, a `tcpdump` that can do without.
 * @param pid A process of the lab. Default: this one.
 */
export function programFolders(pid: number | 'self' = 'self'): ProgramFolders {
  const fixedGroups = readIfThere(`/proc/${pid}/setgroups`).trim() === 'deny'
  return {
    first: ['core/bin', ...(fixedGroups ? ['lab/rootless/bin'] : [])].map(inProject),
    last: ['lab/docs-runner/fallback'].map(inProject),
  }
}

export interface ProgramFolders {
  readonly first: readonly string[]
  readonly last: readonly string[]
}

function inProject(path: string): string {
  return join(projectRoot, path)
}

/** @throws LabError for a name that cannot name a folder. */
export function parseLabName(text: string): string {
  if (labName.test(text)) return text
  throw new LabError(
    `"${text}" cannot name a lab: use 1 to 32 lower-case letters, digits and hyphens.`,
  )
}

/**
 * Where Node keeps compiled code, which saves a third of a start: beside the packages, so nothing else to clean up, or
 * where these belong to somebody else, in the user's folder for caches.
 */
export function compileCache(environment: NodeJS.ProcessEnv = process.env): string {
  const beside = join(projectRoot, 'node_modules/.cache/meshyard')
  if (isWritable(beside)) return beside
  return join(ownFolder(environment, 'XDG_CACHE_HOME', '.cache'), 'meshyard')
}

/** A folder of the XDG Base Directory Specification, which tells to ignore relative ones. */
function ownFolder(environment: NodeJS.ProcessEnv, variable: string, usual: string): string {
  const told = environment[variable]
  if (told !== undefined && told.startsWith('/')) return told
  return join(environment['HOME'] || homedir(), usual)
}

/** Whether files can be made in a folder, which may have to be made first, as may those above it. */
function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch (error) {
    return errorCode(error) === 'ENOENT' && folder !== '/' && isWritable(dirname(folder))
  }
}
