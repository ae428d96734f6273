import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seededRandom } from '#netns/shaping/random.ts'
import { projectRoot } from '#lab/run/home.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { provePositive } from './controls.ts'
import { placeForeign } from './foreign.ts'
import { startCommand } from './lab-command.ts'
import { planMoments, type Moment } from './moments.ts'
import { takeTraces, type Traces } from './traces.ts'
import { makeTrial, type Ground, type TrialResult } from './trial.ts'
import { withGlutton } from './victim-topology.ts'

export interface CampaignOptions {
  readonly topology: Topology
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
  for (const moment of planMoments(moments, random)) {
    if (only !== undefined && moment.index !== only) continue
    // One after the other, on one machine.
    // oxlint-disable-next-line no-await-in-loop
    const result = await makeTrial(moment, ground)
    onTrial(result)
    results.push(result)
    // What one has left is told once.
    if (result.faults.length > 0) ground = { ...ground, before: ground.take() }
  }
  return { controls, results }
}

async function prepare({
  topology,
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
    // Covered by an empty one, unless the project itself is in there and others write there at the same time.
    ...(projectRoot.startsWith('/tmp/') ? [] : ['/tmp']),
  ]
  const take = (): Traces => takeTraces({ folders, ours: [process.pid] })
  await placeForeign(join(home, 'theirs'))
  const controls = await provePositive({ folder: join(home, 'theirs'), take })

  const commands = {
    up: ['up', file, '--name', 'victim'],
    run: ['exec', '--name', 'victim', node, 'sh', traffic],
    down: ['down', '--name', 'victim'],
  }
  const lengthsMs = await measure(commands, environment)
  return {
    controls,
    ground: {
      ...commands,
      environment,
      folder: join(labs, 'victim'),
      filler: join(home, 'filler'),
      lengthsMs,
      before: take(),
      take,
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
