import { join } from 'node:path'
import { projectRoot } from '#lab/run/home.ts'

/**
 * The parent of the holder of a container lab: a shell, because it takes no memory. The holder dies with it; after a
 * holder that did not end by itself it becomes the program that removes what is left, though what ran has gone already:
 * containers end with the input that the holder keeps open, and engines remove those that end.
 */
const supervisor = `trap : HUP INT TERM
setpriv --pdeathsig=KILL -- "$1" "$2" || exec "$1" "$3"`

/** The command that runs the holder of a container lab, which needs the engine's own view of processes. */
export function supervise([node, main]: readonly [string, string]): readonly [string, ...string[]] {
  const reaper = join(projectRoot, 'lab/runtime/containers/reap-main.ts')
  return ['/bin/sh', '-c', supervisor, 'meshyard', node, main, reaper]
}
