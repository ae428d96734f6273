import { existsSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { LabError } from '#lab/run/lab-error.ts'

const places = ['/usr/lib/*/faketime', '/usr/lib/faketime', '/usr/local/lib/faketime']
const file = 'libfaketimeMT.so.1'

/**
 * What to put before a command so that it and all it starts see another wall clock. Its timers keep the right time. The
 * library leaves files in /dev/shm when it is killed, so the command gets one of its own. A program that does not go
 * through the C library, as some are linked, keeps the right clock.
 * @throws LabError when the library is not installed.
 */
export async function behindClock(offset: string): Promise<readonly string[]> {
  const library = await findLibrary()
  if (library === undefined) {
    throw new LabError(
      `A clock is changed by ${file}, which is not there: install the Debian package libfaketime.`,
    )
  }
  return [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    '--',
    '/bin/sh',
    '-c',
    'mount -t tmpfs meshyard /dev/shm && exec "$@"',
    'clock',
    'env',
    `LD_PRELOAD=${library}`,
    `FAKETIME=${offset}`,
    'FAKETIME_DONT_FAKE_MONOTONIC=1',
  ]
}

async function findLibrary(): Promise<string | undefined> {
  for (const place of places) {
    for await (const folder of glob(place)) {
      if (existsSync(`${folder}/${file}`)) return `${folder}/${file}`
    }
  }
  return undefined
}
