import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { projectRoot } from '#lab/run/home.ts'

/** Why root cannot show what an ordinary user sees of this project; nothing where it is open to all. */
export function whyClosedToOthers(): string | undefined {
  const stranger = ['--reuid=65534', '--regid=65534', '--clear-groups']
  const file = join(projectRoot, 'package.json')
  const { status } = spawnSync('setpriv', [...stranger, 'test', '-r', file])
  return status === 0 ? undefined : `${projectRoot} is in a folder that only root can enter`
}
