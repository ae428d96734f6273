import { spawn } from 'node:child_process'
import { getServers } from 'node:dns'
import { once } from 'node:events'
import { readdir, readFile, rm } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { join } from 'node:path'
import { ownNamespaces } from '#lab/client/surroundings.ts'
import type { Watcher } from './mutant.ts'
import { parseVerdicts, type Verdicts } from './vitest-report.ts'
import type { Workshop } from './workshop.ts'

export interface Terms {
  /** Ends everything when it is aborted. */
  readonly signal: AbortSignal
  /** Whether the first red scenario is enough. */
  readonly untilRed: boolean
  /** How many files run at the same moment. */
  readonly filesAtOnce: number
}

/**
 * It reaps what is orphaned, and ends with vitest, which ends everything else. The name servers of this machine are out
 * of reach; here they refuse at once.
 */
const init = [
  'ip link set lo up || exit 1',
  ...getServers()
    .map((server) => server.replace(/^\[|\]?:\d+$|\]$/g, ''))
    .filter((address) => isIPv4(address) && !address.startsWith('127.'))
    .map((address) => `ip route add local ${address} dev lo || exit 1`),
  '"$@"',
  'exit $?',
].join('\n')

/** A scenario that does not end is red; those of the project take a few seconds at most. */
const timeLimits = ['--testTimeout=30000', '--hookTimeout=30000', '--teardownTimeout=5000']

/**
 * Runs scenarios of a workshop.
 * @throws Error when vitest says nothing, unless it was aborted.
 */
export async function runScenarios(
  { folder, environment }: Workshop,
  watchers: readonly Watcher[],
  { signal, untilRed, filesAtOnce }: Terms,
): Promise<Verdicts> {
  signal.throwIfAborted()
  const report = join(environment['TMPDIR'] ?? folder, 'report.json')
  const titles = watchers.flatMap(({ title }) => (title === undefined ? [] : patternOf(title)))
  const all = watchers.some(({ title }) => title === undefined)
  const vitest = [process.execPath, join(folder, 'node_modules/vitest/vitest.mjs'), 'run']
  const reporting = ['--reporter=json', `--outputFile=${report}`]
  const argv = [
    // What a fault starts, changes or leaves behind ends with the run, and nothing of it reaches this machine's network.
    ...ownNamespaces,
    '--',
    '/bin/sh',
    '-c',
    init,
    'mutate',
    ...vitest,
    ...reporting,
    ...['scenarios', 'cases', 'documents'].map((name) => `--project=${name}`),
    `--maxWorkers=${filesAtOnce}`,
    ...timeLimits,
    ...(untilRed ? ['--bail=1'] : []),
    ...(all ? [] : [`--testNamePattern=${titles.join('|')}`]),
    ...watchers.map(({ file }) => `scenarios/${file}.scenario.ts`),
  ]
  const child = spawn('unshare', argv, {
    cwd: folder,
    env: { ...process.env, ...environment, CI: '1', NO_COLOR: '1' },
    // Ctrl-C in the terminal is for this program, which then decides.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => said.push(text))
  }
  const kill = (): void => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  try {
    await once(child, 'close')
    signal.throwIfAborted()
    const text = await readFile(report, 'utf8').catch(() => undefined)
    if (text === undefined) throw new Error(`vitest made no report; it said:\n${said.join('')}`)
    return parseVerdicts(text)
  } finally {
    signal.removeEventListener('abort', kill)
    await Promise.all(Object.values(environment).map(empty))
  }
}

/** vitest puts ` > ` between the title of a group and that of a scenario, its report a blank. */
function patternOf(title: string): string {
  return title
    .split(' ')
    .map((word) => RegExp.escape(word))
    .join('(?: > | )')
}

async function empty(place: string): Promise<void> {
  const names = await readdir(place)
  await Promise.all(
    names.map((name) => rm(join(place, name), { recursive: true, force: true, maxRetries: 3 })),
  )
}
