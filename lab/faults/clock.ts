import { existsSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { LabError } from '#lab/run/lab-error.ts'
import type { Backend } from '#lab/runtime/runtime.ts'

const places = ['/usr/lib/*/faketime', '/usr/lib/faketime', '/usr/local/lib/faketime']
/** Of libfaketime, for programs with threads. */
const clockLibrary = 'libfaketimeMT.so.1'

/**
 * What to put before a command so that it and all it starts see another wall clock. Its timers keep the right time. The
 * library leaves files in /dev/shm when it is killed, so the command gets one of its own. A program that does not go
 * through the C library, as some are linked, keeps the right clock. In a container, whose memory is its own, the command
 * does not start when its image has not the library.
 * @throws LabError when the library is not installed.
 */
export async function behindClock(offset: string, backend: Backend): Promise<readonly string[]> {
  const library = await findClockLibrary()
  if (library === undefined) {
    throw new LabError(
      `The clock of a node is shifted by the library ${clockLibrary}, which is not below ${places.join(', ')}: ` +
        'install the Debian package libfaketime.',
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

/** Where the library is that gives a program another clock; nothing when it is not installed. */
export async function findClockLibrary(): Promise<string | undefined> {
  for (const place of places) {
    for await (const folder of glob(place)) {
      if (existsSync(`${folder}/${clockLibrary}`)) return `${folder}/${clockLibrary}`
    }
  }
  return undefined
}
