import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isUp } from '#lab/client/end-lab.ts'
import type { FaultSpec } from '#lab/faults/fault-spec.ts'
import { socketFile } from '#lab/holder/socket-file.ts'
import { readRunState } from '#lab/run/run-folder.ts'
import { until } from '#lab/run/until.ts'
import type { Backend } from '#lab/runtime/runtime.ts'
import { breakLab, type Broken } from './break-lab.ts'
import { doHarm, undoHarm } from './do-harm.ts'
import { startCommand, type CommandEnd, type LabCommand } from './lab-command.ts'
import { openMemoryGroup } from './memory-group.ts'
import type { Harm, Moment } from './moments.ts'
import { compareTraces, type Traces } from './traces.ts'
import { untilNone } from './until-none.ts'

/** What a trial is made in. */
export interface Ground {
  readonly backend: Backend
  readonly environment: NodeJS.ProcessEnv
  /** Run folder of the lab. */
  readonly folder: string
  readonly filler: string
  /** A network namespace of the lab's topology. */
  readonly namespace: string
  /** Faults that are made where they are part of the harm. */
  readonly breaks: readonly FaultSpec[]
  /** Name for the control groups of trials. */
  readonly group: string
  /** Arguments of the commands of each phase. */
  readonly up: readonly string[]
  readonly run: readonly string[]
  readonly down: readonly string[]
  /** How long each phase usually takes. */
  readonly lengthsMs: Readonly<Record<Moment['phase'], number>>
  readonly before: Traces
  readonly take: () => Promise<Traces>
}

export interface TrialResult {
  readonly moment: Moment
  /** Whether a lab was there when harm was done. */
  readonly labWasThere: boolean
  /** Whether the harm was seen to be done, where that takes more than a signal. */
  readonly done: boolean
  /** What was wrong afterwards; nothing when all was well. */
  readonly faults: readonly string[]
}

const endsWithinMs = 40_000
const goneWithinMs = 8_000
const answersWithinMs = 20_000
const toldAtMost = 8
const starvedBytes = 24 * 2 ** 20

/** Does harm at a moment, takes the lab down where it is meant to live on, and tells what is not as before. */
export async function makeTrial(moment: Moment, ground: Ground): Promise<TrialResult> {
  const { harm, phase, at } = moment
  const { backend, environment, folder, filler, namespace, lengthsMs } = ground
  const terminal = harm === 'terminal closed'
  const faults: string[] = []
  const expectEnd = async (command: LabCommand, what: string): Promise<CommandEnd | undefined> => {
    const end = await Promise.race([command.ended, delay(endsWithinMs, undefined, { ref: false })])
    if (end === undefined) {
      faults.push(`${what} does not end`)
      command.signalGroup('SIGKILL')
    } else if (/^\s+at .*\.ts:\d+/m.test(end.output)) {
      faults.push(`${what} ended with a fault of its own: ${end.output.trim()}`)
    }
    return end
  }
  const call = async (args: readonly string[]): Promise<void> => {
    const what = `meshyard ${args[0]}`
    const end = await expectEnd(startCommand(args, { environment }), what)
    if (end !== undefined && end.code !== 0) faults.push(`${what} failed: ${end.output.trim()}`)
  }

  let labWasThere
  let done
  let group
  {
    await using memory =
      harm === 'node killed for memory' ? openMemoryGroup(ground.group, starvedBytes) : undefined
    group = memory?.folder
    let broken: Broken | undefined
    if (phase !== 'up') {
      await call(ground.up)
      if (isUnderFaults(harm)) broken = await breakLab(folder, ground.breaks)
    }
    const command = startCommand(ground[phase], { environment, terminal })
    await delay(at * lengthsMs[phase])
    if (phase === 'up' && isUnderFaults(harm)) broken = await breakWhenUp(command, ground)
    labWasThere = await doHarm(harm, { command, folder, namespace, filler, memory })
    if (phase === 'run' && !endsLab(harm, backend)) {
      // The traffic has no end of its own; it goes on for a while after the harm.
      await delay(lengthsMs.run / 4)
      command.signalGroup('SIGTERM')
    }
    await expectEnd(command, `meshyard ${phase}`)
    done = isDone(moment, { broken, killed: memory?.killed() ?? 0 }, faults)

    if (endsLab(harm, backend) || (phase === 'up' && !staysUp(folder))) {
      const clearedByNext = harm === 'SIGKILL of all processes' && backend === 'containers'
      faults.push(
        ...(await leftOver(ground, {
          except: (fault) =>
            [folder, filler].some((path) => fault.startsWith(`files: left over: ${path}`)) ||
            (clearedByNext && isNeverStarted(fault)),
        })),
      )
    }
    await call(ground.down)
  }
  if (group !== undefined && existsSync(group)) faults.push(`cgroups: left over: ${group}`)
  undoHarm({ filler })
  faults.push(...(await leftOver(ground, { except: () => false })))
  return { moment, labWasThere, done, faults: [...new Set(faults)] }
}

/** Makes faults in a lab that is coming up, as soon as it answers. */
async function breakWhenUp(command: LabCommand, { folder, breaks }: Ground): Promise<Broken> {
  let over = false
  void command.ended.then(() => {
    over = true
    return undefined
  })
  await until(() => over || existsSync(`${folder}/${socketFile}`), { withinMs: answersWithinMs })
  return breakLab(folder, breaks)
}

/** Tells whether it was; a lab that is simply up has to show it. */
function isDone(
  { harm, phase }: Moment,
  { broken, killed }: { readonly broken: Broken | undefined; readonly killed: number },
  faults: string[],
): boolean {
  if (harm === 'node killed for memory') {
    if (phase === 'run' && killed === 0) faults.push('the kernel has killed nobody for memory')
    return killed > 0
  }
  if (broken === undefined) return true
  if (phase !== 'up') faults.push(...broken.refusals)
  return broken.inForce > 0
}

function isUnderFaults(harm: Harm): boolean {
  return harm.endsWith(' at fault')
}

/** Whether a harm is to a part of the lab that all else hangs on. */
function endsLab(harm: Harm, backend: Backend): boolean {
  return (
    harm === 'SIGKILL of the wrapper' ||
    (harm === 'SIGKILL of the first process' && backend === 'namespaces') ||
    harm === 'SIGKILL of the holder' ||
    harm === 'SIGKILL of holder at fault' ||
    harm === 'SIGKILL of all processes' ||
    harm === 'SIGTERM to the holder'
  )
}

/** Containers that nobody is left to start go with the next command. */
function isNeverStarted(fault: string): boolean {
  return /^containers: left over: created |^engineFiles: left over: /.test(fault)
}

/** Whether the command had done its work before it was harmed, so that the lab outlives it. */
function staysUp(folder: string): boolean {
  const state = existsSync(folder) ? readRunState(folder) : undefined
  return state !== undefined && state.stays && isUp(state)
}

async function leftOver(
  { before, take }: Ground,
  { except }: { readonly except: (fault: string) => boolean },
): Promise<readonly string[]> {
  const look = async (): Promise<readonly string[]> =>
    compareTraces(before, await take()).filter((fault) => !except(fault))
  const left = await untilNone(look, { withinMs: goneWithinMs })
  const more = left.length - toldAtMost
  return more > 0 ? [...left.slice(0, toldAtMost), `and ${more} more`] : left
}
