import { LabError } from '#lab/run/lab-error.ts'
import { readPause } from '#lab/runtime/containers/pauses-file.ts'

/**
 * The command that runs what is appended to it in a node of a container lab, in the namespaces that its containers share.
 * It ends when the one who started it does.
 * @throws LabError when the lab has no containers yet.
 */
export function enterContainer(folder: string, namespace: string): readonly [string, ...string[]] {
  const pause = readPause(folder, namespace)
  if (pause === undefined) throw new LabError(`The lab in ${folder} is still coming up.`)
  return [
    'nsenter',
    `--target=${pause.pid}`,
    '--mount',
    '--uts',
    '--ipc',
    '--pid',
    '--net',
    '--',
    'setpriv',
    '--pdeathsig=KILL',
    '--',
  ]
}
