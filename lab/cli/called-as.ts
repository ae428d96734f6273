import { realpathSync } from 'node:fs'
import { delimiter, join, relative } from 'node:path'
import { projectRoot } from '#lab/run/home.ts'

/**
 * A command line of this program as its reader can type it: through npm where npm called it (`npm run lab:ps`), `meshyard`
 * where that is on PATH, and else by the path of the program.
 */
export function typed(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): string {
  if (throughNpm.has(command) && environment['npm_lifecycle_event']?.startsWith('lab:') === true) {
    return ['npm', 'run', `lab:${command}`, ...(args.length > 0 ? ['--', ...args] : [])].join(' ')
  }
  return [programName(environment), command, ...args].join(' ')
}

/** Those that package.json has a script for. */
const throughNpm: ReadonlySet<string> = new Set([
  'up',
  'down',
  'ps',
  'exec',
  'logs',
  'shell',
  'doctor',
])

/** `meshyard`, or the path of the program where PATH leads to none or to another. */
export function programName({ PATH = '' }: NodeJS.ProcessEnv): string {
  const program = join(projectRoot, 'lab/bin/meshyard')
  const own = realPath(program)
  const first = PATH.split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => realPath(join(folder, 'meshyard')))
    .find((path) => path !== undefined)
  if (first !== undefined && first === own) return 'meshyard'
  const near = relativePath(program)
  return near === undefined || near.startsWith('..') ? program : near
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Undefined in a working folder that is gone. */
function relativePath(path: string): string | undefined {
  try {
    return relative(process.cwd(), path)
  } catch {
    return undefined
  }
}
