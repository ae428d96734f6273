import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownNamespaces } from '#lab/client/surroundings.ts'
import { firstProcess } from './first-process.ts'

const firstProgram = join(import.meta.dirname, 'sandbox.sh')

/** Whether this process is in surroundings that end with it, made by `runInSandbox`. */
export function isInsideSandbox(): boolean {
  return firstProcess()[1] === firstProgram
}

/**
 * Runs a command in network, mount and process namespaces of its own, with a home and a folder for temporary files that
 * are gone afterwards; returns its exit code. The file system is the machine's own.
 */
export async function runInSandbox(argv: readonly string[]): Promise<number> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-page-'))
  const places: NodeJS.ProcessEnv = {}
  for (const variable of ['HOME', 'TMPDIR', 'MESHYARD_HOME']) {
    const place = join(folder.path, variable.toLowerCase())
    await mkdir(place)
    places[variable] = place
  }
  const surroundings = ['--pdeathsig', 'KILL', 'unshare', ...ownNamespaces, 'sh', firstProgram]
  const child = spawn('setpriv', [...surroundings, ...argv], {
    stdio: 'inherit',
    env: {
      ...process.env,
      ...places,
      // A page that installs something would change the machine.
      MESHYARD_NO_INSTALL: '1',
      npm_config_update_notifier: 'false',
    },
  })
  const [code] = await once(child, 'close')
  return typeof code === 'number' ? code : 2
}
