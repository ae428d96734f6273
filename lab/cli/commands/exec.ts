import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { enterContainer } from '#lab/client/enter-container.ts'
import { enterCommand } from '#lab/client/enter.ts'
import { UsageError, type Console } from '#lab/cli/command.ts'
import { findTarget, parseCommandArguments } from '#lab/cli/parse-arguments.ts'
import { findLab, findNode } from '#lab/cli/running-lab.ts'
import { labEnvironment } from '#lab/holder/environment.ts'
import { programFolders } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'

/** `meshyard exec [--name NAME] NODE COMMAND …`: the command's own exit code, 128 + n for signal n. */
export async function exec(args: readonly string[], console: Console): Promise<number> {
  const { name, node, command } = parseCommandArguments(args)
  if (node === undefined) throw new UsageError('Say which node the command is for.')
  if (command.length === 0) throw new UsageError(`Say which command ${node} is to run.`)
  return enter(name, node, command, console)
}

/** `meshyard shell [--name NAME] [NODE]`: an interactive shell, in the first node unless one is named. */
export async function shell(args: readonly string[], console: Console): Promise<number> {
  const { name, node, command } = parseCommandArguments(args)
  if (command.length > 0) throw new UsageError('A shell takes no command; use exec for one.')
  return enter(name, node, ['bash'], console)
}

/** Runs a command inside the lab with this terminal as its own. */
async function enter(
  name: string | undefined,
  nodeName: string | undefined,
  command: readonly string[],
  console: Console,
): Promise<number> {
  const target = findTarget(name, console)
  const lab = findLab(target, console)
  const { namespace } = findNode(lab, nodeName)
  const { init } = lab.state
  if (init === undefined) throw new LabError(`The lab ${target.name} is still coming up.`)
  let child: ChildProcess | undefined
  const pass = (signal: NodeJS.Signals): void => {
    child?.kill(signal)
  }
  // Before the command starts, which may be quick to call for a signal.
  process.on('SIGINT', forget).on('SIGQUIT', forget).on('SIGTERM', pass).on('SIGHUP', pass)
  try {
    child = spawn(
      'env',
      [
        // Ctrl-C reaches everything in the terminal's foreground; what to do about it is for the command alone.
        '--ignore-signal=INT,QUIT',
        ...(lab.state.backend === 'containers'
          ? enterContainer(target.folder, namespace)
          : enterCommand({ init, namespace })),
        ...waiting,
        'env',
        '--default-signal=INT,QUIT',
        `--chdir=${target.folder}`,
        '--',
        ...command,
      ],
      { stdio: 'inherit', env: labEnvironment(console.env, programFolders(init.pid)) },
    )
    const [code, signal]: (number | NodeJS.Signals | null)[] = await once(child, 'exit')
    if (typeof code === 'number') return code
    return typeof signal === 'string' ? 128 + constants.signals[signal] : 1
  } finally {
    process.off('SIGINT', forget).off('SIGQUIT', forget).off('SIGTERM', pass).off('SIGHUP', pass)
  }
}

/**
 * Who enters cannot end by a signal that it ignores, and would tell of a command that Ctrl-C has ended as of a failure: a
 * shell in between tells the exit code. It is killed with who enters, and so is the command. What it has to say itself is
 * not for anybody.
 */
const waiting = [
  'sh',
  '-c',
  'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?',
  'sh',
  'setpriv',
  '--pdeathsig=KILL',
  '--',
] as const

function forget(): void {}
