import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolders } from '#reports/record/make-folders.ts'
import type { Backend } from '#lab/runtime/runtime.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import { LabError } from './lab-error.ts'
import type { ProcessIdentity } from './process-identity.ts'
import { errorCode, messageOf } from './fault.ts'

/** What the run folder says of its lab; written before the lab's first process does anything. */
export interface RunState {
  readonly version: 1
  readonly name: string
  readonly topology: string
  readonly bare: boolean
  readonly backend: Backend
  /** Which Kong its proxies are, where it is not the product's own. */
  readonly proxy?: string
  /** The wrapper that holds the lab's namespaces from outside; the lab dies with it. */
  readonly wrapper: ProcessIdentity
  /** The lab's first process, once known; everything in the lab dies with it. */
  readonly init: ProcessIdentity | undefined
  /** Whether it is meant to outlive the command that brought it up; true once that command has done all but tell it so. */
  readonly stays: boolean
}

const stateFile = 'lab.json'
const planFile = 'plan.json'

/** Reads what is known of the lab in a run folder; nothing when there never was one. */
export function readRunState(folder: string): RunState | undefined {
  let text
  try {
    text = readFileSync(join(folder, stateFile), 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw inOneSentence(`Cannot read the run folder ${folder}`, error)
  }
  try {
    const state: RunState = JSON.parse(text)
    // Written in one step by `writeRunState`, so it is either ours and whole or somebody else's.
    if (state.version === 1 && typeof state.wrapper.pid === 'number') return state
  } catch {
    // Told below, together with JSON of another shape.
  }
  throw new LabError(
    `${join(folder, stateFile)} was not written by this version of Meshyard; remove ${folder} by hand.`,
  )
}

export function writeRunState(folder: string, state: RunState): void {
  const temporary = join(folder, `.${stateFile}`)
  inWords(`Cannot write to the run folder ${folder}`, () => {
    writeFileSync(temporary, `${JSON.stringify(state, undefined, 2)}\n`)
    renameSync(temporary, join(folder, stateFile))
  })
}

/** Reads the plan that `makeRunFolder` wrote. @throws LabError where it is not there, or not whole. */
export function readPlan(folder: string): LabPlan {
  const file = join(folder, planFile)
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new LabError(`Cannot read ${file}: ${messageOf(error)}. Take its lab down.`)
  }
}

/**
 * Makes a run folder that holds the plan and nothing else.
 * @throws LabError when the folder holds files that no lab left there.
 */
export function makeRunFolder(folder: string, plan: LabPlan): void {
  removeRunFolder(folder)
  inWords(`Cannot make the run folder ${folder}`, () => {
    makeFolders(folder)
    // First of all that is in it, and last to go: whoever is killed in between leaves a folder that is known for ours.
    writeFileSync(join(folder, marker), 'Made by Meshyard; removed when its lab goes down.\n')
    makeFolders(join(folder, 'logs'))
    writeFileSync(join(folder, planFile), `${JSON.stringify(plan, undefined, 2)}\n`)
  })
}

/** Turns what a person can put right into a LabError. */
function inWords(failure: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    throw inOneSentence(failure, error)
  }
}

/** The error itself where nobody can put it right. */
function inOneSentence(failure: string, error: unknown): unknown {
  const reason = reasons[errorCode(error) ?? '']
  if (reason === undefined) return error
  return new LabError(
    `${failure}: ${reason}. Set MESHYARD_HOME to a folder with room that you may write to.`,
  )
}

/** A file above it in the path is as good as no folder: what makes one says so. */
function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR'
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'a file is where a folder has to be',
  EEXIST: 'a file is where a folder has to be',
  ENOENT: 'no folder can be there',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'links lead in a circle',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is exceeded',
}

/**
 * Removes a run folder with all it holds; tells whether there was one.
 * @throws LabError when the folder holds files that no lab left there.
 */
export function removeRunFolder(folder: string): boolean {
  const entries = list(folder)
  if (entries === undefined) return false
  if (entries.length > 0 && !entries.includes(marker)) {
    throw new LabError(
      `${folder} holds files that no lab left there; choose another folder or empty this one.`,
    )
  }
  for (const entry of entries.filter((each) => each !== marker)) {
    rmSync(join(folder, entry), { recursive: true, force: true })
  }
  rmSync(folder, { recursive: true, force: true })
  return true
}

/** Whether a lab made this folder. */
export function isRunFolder(folder: string): boolean {
  return existsSync(join(folder, marker))
}

const marker = '.meshyard-run'

function list(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw inOneSentence(`Cannot read the run folder ${folder}`, error)
  }
}
