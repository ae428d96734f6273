import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '#lab/runtime/runtime.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import { LabError } from './lab-error.ts'
import type { ProcessIdentity } from './process-identity.ts'
import { errorCode } from './fault.ts'

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
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
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

/** Reads the plan that `makeRunFolder` wrote. */
export function readPlan(folder: string): LabPlan {
  return JSON.parse(readFileSync(join(folder, planFile), 'utf8'))
}

/**
 * Makes a run folder that holds the plan and nothing else.
 * @throws LabError when the folder holds files that no lab left there.
 */
export function makeRunFolder(folder: string, plan: LabPlan): void {
  removeRunFolder(folder)
  inWords(`Cannot make the run folder ${folder}`, () => {
    mkdirSync(join(folder, 'logs'), { recursive: true })
    writeFileSync(join(folder, marker), 'Made by Meshyard; removed when its lab goes down.\n')
    writeFileSync(join(folder, planFile), `${JSON.stringify(plan, undefined, 2)}\n`)
  })
}

/** Turns what a person can put right into a LabError. */
function inWords(failure: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    const reason = reasons[errorCode(error) ?? '']
    if (reason === undefined) throw error
    throw new LabError(
      `${failure}: ${reason}. Set MESHYARD_HOME to a folder with room that you may write to.`,
    )
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
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
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
