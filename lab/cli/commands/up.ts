import { bringUp } from '#lab/client/bring-up.ts'
import { askFor } from '#lab/client/ask-lab.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { readPlan, type RunState } from '#lab/run/run-folder.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { chooseProxy, renderProxy } from '#lab/topology/proxy-subject.ts'
import { chooseBackend } from '#lab/runtime/choose-backend.ts'
import { typed } from '#lab/cli/called-as.ts'
import { UsageError, type Console } from '#lab/cli/command.ts'
import { openProgress } from '#lab/cli/up-progress.ts'
import { listenForInterruption } from '#lab/cli/interruption.ts'
import { findTarget, nameOption, parseArguments, type Target } from '#lab/cli/parse-arguments.ts'
import { optionsOf } from '#lab/cli/running-lab.ts'
import { orUsage } from '#lab/cli/wrong-value.ts'

/** `meshyard up [TOPOLOGY] [--bare] [--backend BACKEND] [--image IMAGE] [--proxy PROXY] [--key-log] [--name NAME]`: 0 when the lab is up, also when it was before. */
export async function up(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      ...nameOption,
      bare: { type: 'boolean', default: false },
      backend: { type: 'string' },
      image: { type: 'string' },
      proxy: { type: 'string' },
      'key-log': { type: 'boolean', default: false },
    },
    positionals: 1,
  })
  const target = findTarget(values.name, console)
  const backend = orUsage(() => chooseBackend(values.backend, console.env))
  const proxy = orUsage(() => chooseProxy(values.proxy, console.env))
  if (values.image !== undefined && backend !== 'containers') {
    throw new UsageError('An image is for a lab of containers: add --backend containers.')
  }
  const topology = await findTopology(positionals[0])
  const { stdout, stderr } = console
  const startedAt = performance.now()
  const progress = openProgress(topology, stdout)
  using interruption = listenForInterruption()
  try {
    const { signal } = interruption
    const result = await bringUp({
      ...target,
      topology,
      bare: values.bare,
      backend,
      proxy,
      keyLog: values['key-log'],
      ...(values.image !== undefined && { image: values.image }),
      signal,
      onEvent: progress,
    })
    if (result.kind === 'already-up') {
      await tellWhatIsUp(
        result.state,
        {
          topology: topology.name,
          bare: values.bare,
          backend,
          ...(proxy.kind !== 'core' && { proxy: renderProxy(proxy) }),
        },
        target,
        values['key-log'],
        console,
      )
      return 0
    }
    // Unless it is told to stay, which takes room on the disk, the lab ends with this command.
    using launched = result.launched
    await launched.stay()
  } catch (error) {
    if (interruption.signal.aborted) {
      stderr.write(`Interrupted; the lab ${target.name} is down.\n`)
      return 130
    }
    throw error
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(2)
  stdout.write(`The lab ${target.name} (${topology.name}) is up after ${seconds} s.\n`)
  stdout.write(renderHints(topology, target.name, { bare: values.bare, env: console.env }))
  return 0
}

/** @throws LabError when what is up is not what was asked for. */
async function tellWhatIsUp(
  state: RunState,
  asked: Shape,
  { name, folder }: Target,
  keyLog: boolean,
  { stdout, env }: Console,
): Promise<void> {
  const is = describe(state)
  const wanted = describe(asked)
  if (is !== wanted) {
    throw new LabError(
      `The lab ${name} is up with the topology ${is}; take it down first, or give ${wanted} another --name.`,
    )
  }
  if (keyLog && readPlan(folder).environment['SSLKEYLOGFILE'] === undefined) {
    throw new LabError(
      `The lab ${name} is up without --key-log; take it down first, or give one with it another --name.`,
    )
  }
  stdout.write(`The lab ${name} (${is}) is up already.\n`)
  const { status } = await askFor('status', folder, { command: 'status' })
  for (const node of status.nodes) {
    if (node.state === 'dead' || node.state === 'stopped') {
      stdout.write(`  ${node.name} is ${node.state}; see "${typed('ps', optionsOf(name), env)}".\n`)
    }
  }
}

type Shape = Pick<RunState, 'topology' | 'bare' | 'backend' | 'proxy'>

function describe({ topology, bare, backend, proxy }: Shape): string {
  const options = [
    ...(bare ? ['--bare'] : []),
    ...(backend === 'namespaces' ? [] : [`--backend ${backend}`]),
    ...(proxy === undefined ? [] : [`--proxy ${proxy}`]),
  ]
  return [topology, ...options].join(' ')
}

interface HintOptions {
  readonly bare: boolean
  readonly env: NodeJS.ProcessEnv
}

function renderHints(topology: Topology, name: string, { bare, env }: HintOptions): string {
  const run = (command: string, ...args: readonly string[]): string =>
    `  ${typed(command, [...optionsOf(name), ...args], env)}\n`
  const examples = bare ? '' : topology.tryNext.map((each) => run('exec', each)).join('')
  const first = topology.nodes[0]?.name ?? ''
  return `Try:\n${examples}${run('shell', first)}${run('ps')}${run('down')}`
}
