import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '#netns/shaping/random.ts'
import { projectRoot } from '#lab/run/home.ts'
import type { Backend } from '#lab/runtime/runtime.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { planBreaks } from './break-lab.ts'
import { provePositive } from './controls.ts'
import { startCommand } from './lab-command.ts'
import { openMachine } from './machine.ts'
import { groupOf, whyNoMemoryGroup } from './memory-group.ts'
import { planMoments, type Harm, type Moment } from './moments.ts'
import { makeTrial, type Ground, type TrialResult } from './trial.ts'
import { withGlutton } from './victim-topology.ts'

export interface CampaignOptions {
  readonly topology: Topology
  readonly backend: Backend
  readonly moments: number
  readonly seed: number
  /** Only that one of them. */
  readonly only: number | undefined
  /** A small file system of its own, which the campaign fills up. */
  readonly home: string
  readonly onTrial: (result: TrialResult) => void
}

/** What the traces showed when something was left on purpose, and the trials that were made. */
export interface CampaignResult {
  readonly controls: readonly string[]
  readonly results: readonly TrialResult[]
  /** Harm that this machine does not allow, and why. */
  readonly notDone: readonly { readonly harm: Harm; readonly why: string }[]
}

/**
 * Does harm to labs at many moments and looks for what is left of them. Runs as root in namespaces of its own, which are
 * the machine that the labs are on: all that is there is there to be seen.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { moments, seed, only, onTrial } = options
  const random = seededRandom(seed)
  const prepared = await prepare(options)
  const { controls } = prepared
  let { ground } = prepared
  const results: TrialResult[] = []
  const why = await whyNoMemoryGroup(ground.group)
  const notDone = why === undefined ? [] : [{ harm: 'node killed for memory', why } as const]
  for (const moment of planMoments(moments, random)) {
    if (only !== undefined && moment.index !== only) continue
    if (notDone.some(({ harm }) => harm === moment.harm)) continue
    // One after the other, on one machine.
    // oxlint-disable-next-line no-await-in-loop
    const result = await makeTrial(moment, ground)
    onTrial(result)
    results.push(result)
    // What one has left is told once.
    // oxlint-disable-next-line no-await-in-loop
    if (result.faults.length > 0) ground = { ...ground, before: await ground.take() }
  }
  return { controls, results, notDone }
}

async function prepare({
  topology,
  backend,
  home,
}: CampaignOptions): Promise<{ readonly ground: Ground; readonly controls: readonly string[] }> {
  const victim = withGlutton(topology)
  const file = join(home, 'victim.json')
  writeFileSync(file, JSON.stringify(victim))
  const [node = 'glutton', ...request] = (victim.tryNext[0] ?? 'glutton true').split(' ')
  const traffic = join(home, 'traffic.sh')
  writeFileSync(traffic, `while :; do ${request.join(' ')} >/dev/null 2>&1; sleep 0.01; done\n`)
  const labs = join(home, 'labs')
  const temporary = join(home, 'tmp')
  for (const folder of [labs, temporary]) mkdirSync(folder)
  const environment = { ...process.env, MESHYARD_HOME: labs, TMPDIR: temporary }
  const folders = [
    home,
    '/run',
    '/dev/shm',
    '/var/lock',
    join(projectRoot, '.meshyard'),
    // Covered by an empty one, unless the project or the engine is in there and others write there at the same time.
    ...(projectRoot.startsWith('/tmp/') || backend === 'containers' ? [] : ['/tmp']),
  ]
  const machine = await openMachine(backend, folders)
  const theirs = join(home, 'theirs')
  await machine.placeForeign(theirs)
  const controls = await provePositive({ folder: theirs, machine })

  const commands = {
    up: ['up', file, '--name', 'victim', '--backend', backend],
    run: ['exec', '--name', 'victim', node, 'sh', traffic],
    down: ['down', '--name', 'victim'],
  }
  const lengthsMs = await measure(commands, environment)
  return {
    controls,
    ground: {
      ...commands,
      backend,
      namespace: victim.namespaces[0]?.name ?? '',
      breaks: planBreaks(victim),
      group: groupOf(home),
      environment,
      folder: join(labs, 'victim'),
      filler: join(home, 'filler'),
      lengthsMs,
      before: await machine.take(),
      take: () => machine.take(),
    },
  }
}

const runMs = 400

async function measure(
  { up, down }: Pick<Ground, 'up' | 'down'>,
  environment: NodeJS.ProcessEnv,
): Promise<Readonly<Record<Moment['phase'], number>>> {
  const time = async (args: readonly string[]): Promise<number> => {
    const startedAt = performance.now()
    const { code, output } = await startCommand(args, { environment }).ended
    if (code !== 0) throw new Error(`meshyard ${args[0]} failed: ${output}`)
    return performance.now() - startedAt
  }
  // The first compiles code and is slower.
  await time(up)
  await time(down)
  return { up: await time(up), run: runMs, down: await time(down) }
}
