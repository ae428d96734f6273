import { existsSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { LabError } from '#lab/run/lab-error.ts'
import type { Backend } from '#lab/runtime/runtime.ts'

const places = ['/usr/lib/*/faketime', '/usr/lib/faketime', '/usr/local/lib/faketime']
const file = 'libfaketimeMT.so.1'

/**
 * What to put before a command so that it and all it starts see another wall clock. Its timers keep the right time. The
 * library leaves files in /dev/shm when it is killed, so the command gets one of its own. A program that does not go
 * through the C library, as some are linked, keeps the right clock. In a container, whose memory is its own, the command
 * does not start when its image has not the library.
 * @throws LabError when the library is not installed.
 */
export async function behindClock(offset: string, backend: Backend): Promise<readonly string[]> {
  const library = await findLibrary()
  if (library === undefined) {
    throw new LabError(
      `A clock is changed by ${file}, which is not there: install the Debian package libfaketime.`,
    )
  }
  return [
    ...(backend === 'containers'
      ? ['/bin/sh', '-c', 'test -e "$0" && exec "$@"', library]
      : ownMemory),
    'env',
    `LD_PRELOAD=${library}`,
    `FAKETIME=${offset}`,
    'FAKETIME_DONT_FAKE_MONOTONIC=1',
  ]
}

const ownMemory = [
  ...'unshare --mount --propagation private -- /bin/sh -c'.split(' '),
  'mount -t tmpfs meshyard /dev/shm && exec "$@"',
  'clock',
]

async function findLibrary(): Promise<string | undefined> {
  for (const place of places) {
    for await (const folder of glob(place)) {
      if (existsSync(`${folder}/${file}`)) return `${folder}/${file}`
    }
  }
  return undefined
}
