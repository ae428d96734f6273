import { becomingRoot } from '#lab/run/privileges.ts'

/**
 * The lab's first process: a shell, because it reaps what its descendants leave, which Node does not. It stays the
 * parent of what it runs and ends with it, which ends everything else in the process namespace.
 */
const init = 'mount -t tmpfs -o mode=755 meshyard /run || exit 1; "$@"; exit $?'

/** Options of unshare: namespaces of every kind that a lab changes; `--kill-child` ends it when the wrapper is killed. */
export const ownNamespaces: readonly string[] =
  '--mount --propagation private --net --pid --fork --kill-child --mount-proc'.split(' ')

/**
 * The command that runs another in the surroundings of a lab: in namespaces and with a /run of its own, as root of
 * them, also for those who are not root outside.
 */
export function surround(command: readonly string[]): readonly [string, ...string[]] {
  const options = [...becomingRoot(), ...ownNamespaces]
  return ['unshare', ...options, '--', '/bin/sh', '-c', init, 'meshyard', ...command]
}
