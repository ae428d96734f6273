import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isUp } from '#lab/client/end-lab.ts'
import { readRunState } from '#lab/run/run-folder.ts'
import { until } from '#lab/run/until.ts'
import { doHarm, undoHarm } from './do-harm.ts'
import { startCommand, type CommandEnd, type LabCommand } from './lab-command.ts'
import type { Harm, Moment } from './moments.ts'
import { compareTraces, type Traces } from './traces.ts'

/** What a trial is made in. */
export interface Ground {
  readonly environment: NodeJS.ProcessEnv
  /** Run folder of the lab. */
  readonly folder: string
  readonly filler: string
  /** Arguments of the commands of each phase. */
  readonly up: readonly string[]
  readonly run: readonly string[]
  readonly down: readonly string[]
  /** How long each phase usually takes. */
  readonly lengthsMs: Readonly<Record<Moment['phase'], number>>
  readonly before: Traces
  readonly take: () => Traces
}

export interface TrialResult {
  readonly moment: Moment
  /** Whether a lab was there when harm was done. */
  readonly labWasThere: boolean
  /** What was wrong afterwards; nothing when all was well. */
  readonly faults: readonly string[]
}

const endsWithinMs = 40_000
const goneWithinMs = 8_000
const toldAtMost = 8

/** Does harm at a moment, takes the lab down where it is meant to live on, and tells what is not as before. */
export async function makeTrial(moment: Moment, ground: Ground): Promise<TrialResult> {
  const { harm, phase, at } = moment
  const { environment, folder, filler, lengthsMs } = ground
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

  if (phase !== 'up') await call(ground.up)
  const command = startCommand(ground[phase], { environment, terminal })
  await delay(at * lengthsMs[phase])
  const labWasThere = doHarm(harm, { command, folder, filler })
  if (phase === 'run' && !endsLab(harm)) {
    // The traffic has no end of its own; it goes on for a while after the harm.
    await delay(lengthsMs.run / 4)
    command.signalGroup('SIGTERM')
  }
  await expectEnd(command, `meshyard ${phase}`)

  if (endsLab(harm) || (phase === 'up' && !staysUp(folder))) {
    faults.push(...(await leftOver(ground, { exceptFor: [folder, filler] })))
  }
  await call(ground.down)
  undoHarm({ filler })
  faults.push(...(await leftOver(ground, { exceptFor: [] })))
  return { moment, labWasThere, faults: [...new Set(faults)] }
}

/** Whether a harm is to a part of the lab that all else hangs on. */
function endsLab(harm: Harm): boolean {
  return (
    harm === 'SIGKILL of the wrapper' ||
    harm === 'SIGKILL of the first process' ||
    harm === 'SIGKILL of the holder' ||
    harm === 'SIGKILL of all processes' ||
    harm === 'SIGTERM to the holder'
  )
}

/** Whether the command had done its work before it was harmed, so that the lab outlives it. */
function staysUp(folder: string): boolean {
  const state = existsSync(folder) ? readRunState(folder) : undefined
  return state !== undefined && state.stays && isUp(state)
}

async function leftOver(
  { before, take }: Ground,
  { exceptFor }: { readonly exceptFor: readonly string[] },
): Promise<readonly string[]> {
  const look = (): readonly string[] =>
    compareTraces(before, take()).filter(
      (fault) => !exceptFor.some((path) => fault.startsWith(`files: left over: ${path}`)),
    )
  await until(() => look().length === 0, { withinMs: goneWithinMs })
  const left = look()
  const more = left.length - toldAtMost
  return more > 0 ? [...left.slice(0, toldAtMost), `and ${more} more`] : left
}
