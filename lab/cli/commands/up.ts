import { bringUp } from '#lab/client/bring-up.ts'
import { askLab } from '#lab/client/ask-lab.ts'
import type { LabEvent } from '#lab/holder/messages.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { RunState } from '#lab/run/run-folder.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { chooseBackend } from '#lab/runtime/choose-backend.ts'
import { UsageError, type Console, type Output } from '#lab/cli/command.ts'
import { findTarget, parseArguments, type Target } from '#lab/cli/parse-arguments.ts'

/** `meshyard up [TOPOLOGY] [--bare] [--backend BACKEND] [--image IMAGE] [--name NAME]`: 0 when the lab is up, also when it was before. */
export async function up(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      bare: { type: 'boolean', default: false },
      backend: { type: 'string' },
      image: { type: 'string' },
    },
    positionals: 1,
  })
  const target = findTarget(values.name, console)
  const backend = chooseBackend(values.backend, console.env)
  if (values.image !== undefined && backend !== 'containers') {
    throw new UsageError('An image is for a lab of containers: add --backend containers.')
  }
  const topology = await findTopology(positionals[0])
  const { stdout, stderr } = console
  const startedAt = performance.now()
  using interruption = listenForInterruption()
  try {
    const { signal } = interruption
    const result = await bringUp({
      ...target,
      topology,
      bare: values.bare,
      backend,
      ...(values.image !== undefined && { image: values.image }),
      signal,
      onEvent: (event) => {
        stdout.write(renderEvent(event, topology))
      },
    })
    if (result.kind === 'already-up') {
      await tellWhatIsUp(
        result.state,
        { topology: topology.name, bare: values.bare, backend },
        target,
        stdout,
      )
      return 0
    }
    await result.launched.stay()
  } catch (error) {
    if (interruption.signal.aborted) {
      stderr.write(`Interrupted; the lab ${target.name} is down.\n`)
      return 130
    }
    throw error
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(2)
  stdout.write(`The lab ${target.name} (${topology.name}) is up after ${seconds} s.\n`)
  stdout.write(renderHints(topology, target.name, values.bare))
  return 0
}

/** @throws LabError when what is up is not what was asked for. */
async function tellWhatIsUp(
  state: RunState,
  asked: Shape,
  { name, folder }: Target,
  stdout: Output,
): Promise<void> {
  const is = describe(state)
  const wanted = describe(asked)
  if (is !== wanted) {
    throw new LabError(
      `The lab ${name} is up with the topology ${is}; take it down first, or give ${wanted} another --name.`,
    )
  }
  stdout.write(`The lab ${name} (${is}) is up already.\n`)
  const result = await askLab(folder, { command: 'status' })
  if (result.kind !== 'status') return
  for (const node of result.status.nodes) {
    if (node.state === 'dead' || node.state === 'stopped') {
      stdout.write(`  ${node.name} is ${node.state}; see "npm run lab:ps".\n`)
    }
  }
}

type Shape = Pick<RunState, 'topology' | 'bare' | 'backend'>

function describe({ topology, bare, backend }: Shape): string {
  const options = [
    ...(bare ? ['--bare'] : []),
    ...(backend === 'namespaces' ? [] : [`--backend ${backend}`]),
  ]
  return [topology, ...options].join(' ')
}

function renderEvent(event: LabEvent, { namespaces, links }: Topology): string {
  switch (event.kind) {
    case 'network':
      return `  network: ${namespaces.length} namespaces, ${links.length} links${after(event)}\n`
    case 'node':
      return `  ${event.node}: ready${after(event)}\n`
    case 'progress':
      return `  ${event.text}\n`
    case 'ready':
    case 'failed':
    default:
      return ''
  }
}

function after({ afterMs }: { readonly afterMs: number }): string {
  return ` after ${(afterMs / 1000).toFixed(2)} s`
}

function renderHints(topology: Topology, name: string, bare: boolean): string {
  const option = name === 'default' ? '' : ` --name ${name}`
  const run = (command: string, rest: string): string =>
    `  npm run lab:${command}${`${option}${rest}` === '' ? '' : ' --'}${option}${rest}\n`
  const examples = bare ? '' : topology.tryNext.map((each) => run('exec', ` ${each}`)).join('')
  const first = topology.nodes[0]?.name ?? ''
  return `Try:\n${examples}${run('shell', ` ${first}`)}${run('ps', '')}${run('down', '')}`
}

interface Interruption extends Disposable {
  readonly signal: AbortSignal
}

/** Turns Ctrl-C and its like into an abort, so that what was begun is taken back before the command ends. */
function listenForInterruption(): Interruption {
  const controller = new AbortController()
  const abort = (): void => {
    controller.abort()
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, abort)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of signals) process.off(name, abort)
    },
  }
}
