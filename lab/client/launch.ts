import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import type { LabEvent, OpenerLine } from '#lab/holder/messages.ts'
import { readJsonLines, writeJsonLine } from '#lab/holder/json-lines.ts'
import { compileCache, projectRoot } from '#lab/run/home.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { findChild, identifyProcess } from '#lab/run/process-identity.ts'
import { readIfThere } from '#lab/run/read-if-there.ts'
import { makeRunFolder, writeRunState, type RunState } from '#lab/run/run-folder.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import { killLab } from './end-lab.ts'
import { prepareNodes } from './prepare-nodes.ts'
import { supervise } from './supervise.ts'
import { surround } from './surroundings.ts'

export interface LaunchOptions {
  readonly onEvent?: (event: LabEvent) => void
  readonly signal?: AbortSignal
}

/** A lab that is ready. Unless it was told to stay it ends when this is disposed of, or this process ends. */
export interface LaunchedLab extends Disposable {
  readonly plan: LabPlan
  readonly state: RunState
  /** Lets the lab outlive this process. */
  stay(): Promise<void>
}

/**
 * Starts a lab in its run folder, which is made anew.
 * @throws LabError that says what could not be started, with nothing left running; the logs stay in the run folder.
 */
export async function launchLab(plan: LabPlan, options: LaunchOptions = {}): Promise<LaunchedLab> {
  const { folder, name, topology, bare, backend } = plan
  options.signal?.throwIfAborted()
  makeRunFolder(folder, plan)
  const child = startWrapper(plan)
  if (child.pid === undefined) {
    const [error]: unknown[] = await once(child, 'error')
    throw new LabError(`Cannot start unshare (of util-linux): ${messageOf(error)}`)
  }
  const identity = identifyProcess(child.pid)
  if (identity === undefined) throw await endedEarly(folder, options)
  let state: RunState = {
    version: 1,
    name,
    topology,
    bare,
    backend,
    ...(plan.proxy !== undefined && { proxy: plan.proxy }),
    wrapper: identity,
    init: undefined,
    stays: false,
  }
  const opener = child.stdio[3]
  if (!(opener instanceof Duplex)) throw new Error('descriptor 3 is a pipe')
  // Its end is what counts, and the loop below sees that.
  opener.on('error', () => {})
  const abort = (): void => {
    opener.destroy()
  }
  options.signal?.addEventListener('abort', abort)
  // A wrapper that is killed before the kernel knows that its child is to die with it leaves the lab to us.
  child.once('exit', abort)
  const events = readJsonLines<LabEvent>(opener)
  const tell = (line: OpenerLine): boolean => writeJsonLine(opener, line)
  // While the lab builds its network.
  const refused = prepareNodes(plan).then(
    () => {
      tell('prepared')
      return undefined
    },
    (error: unknown) => {
      abort()
      return new LabError(`Cannot prepare the nodes in ${folder}: ${messageOf(error)}`)
    },
  )
  try {
    writeRunState(folder, state)
    for (;;) {
      const { value: event } = await events.next()
      options.signal?.throwIfAborted()
      if (event === undefined) throw (await refused) ?? (await endedEarly(folder, options))
      if (event.kind === 'failed')
        throw new LabError(`${event.message}\nThe logs are in ${folder}.`)
      if (state.init === undefined) {
        state = { ...state, init: findChild(identity.pid) }
        writeRunState(folder, state)
      }
      options.onEvent?.(event)
      if (event.kind === 'ready') break
    }
  } catch (error) {
    await killLab(folder, state)
    // Whoever waits to remove the folder finds nobody writing to it.
    await refused
    throw error
  } finally {
    options.signal?.removeEventListener('abort', abort)
  }
  return {
    plan,
    state,
    stay: async () => {
      writeRunState(folder, { ...state, stays: true })
      tell('stay')
      opener.end()
      await finished(opener, { readable: false }).catch(async () => {
        throw await endedEarly(folder, options)
      })
      opener.destroy()
      child.unref()
    },
    [Symbol.dispose]: () => {
      opener.destroy()
    },
  }
}

/** Why a lab ended by itself. @throws What the signal was aborted with, where that ended it. */
async function endedEarly(folder: string, { signal }: LaunchOptions): Promise<LabError> {
  await hearSignals()
  signal?.throwIfAborted()
  const log = readIfThere(join(folder, 'holder.log')).trim()
  // Not the lab's own words, but those of the programs that make its surroundings.
  if (/^(?:unshare|mount): /m.test(log)) {
    const { explainRefusal } = await import('#lab/doctor/refusal.ts')
    const refusal = await explainRefusal()
    if (refusal !== undefined) return new LabError(`${refusal.why}\n${refusal.remedy}`)
  }
  const said = log === '' ? '' : ` It wrote:\n${log}`
  return new LabError(
    `The lab ended while it was coming up; perhaps it was taken down.${said}\nThe logs are in ${folder}.`,
  )
}

/**
 * Ctrl-C reaches a wrapper that has no session of its own yet, too, whose end may be heard of before the signal: what this
 * process was sent is told when the event loop has gone round.
 */
async function hearSignals(): Promise<void> {
  // The first ends with the round that is on.
  await setImmediate()
  await setImmediate()
}

function startWrapper({ folder, backend }: LabPlan): ChildProcess {
  const log = openSync(join(folder, 'holder.log'), 'a')
  const holder = [process.execPath, join(projectRoot, 'lab/holder/main.ts')] as const
  const [wrapper, ...args] = backend === 'containers' ? supervise(holder) : surround(holder)
  try {
    return spawn(wrapper, args, {
      cwd: folder,
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache() },
      // A session of its own: Ctrl-C in the terminal is for the command, which then decides.
      detached: true,
      stdio: ['ignore', log, log, 'pipe'],
    })
  } finally {
    closeSync(log)
  }
}
