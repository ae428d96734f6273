import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { errorCode } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'

/**
 * Connects to the lab's socket in a run folder; nothing when nobody listens there. The path goes through a descriptor
 * of the folder, since a socket address holds 107 bytes and a folder's name may be longer.
 * @throws LabError when the lab is another user's.
 * @param options.paused nothing is read from it before it is told to resume.
 */
export async function connectToLab(
  folder: string,
  file: string,
  { paused = false }: { readonly paused?: boolean } = {},
): Promise<Socket | undefined> {
  let fd
  try {
    fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
  try {
    const socket = connect({ path: `/proc/self/fd/${fd}/${file}` })
    if (paused) socket.pause()
    await once(socket, 'connect')
    return socket
  } catch (error) {
    if (isAbsent(error)) return undefined
    if (errorCode(error) === 'EACCES') {
      throw new LabError(
        `The lab in ${folder} belongs to another user; be that user, or set MESHYARD_HOME to have labs of your own.`,
      )
    }
    throw error
  } finally {
    closeSync(fd)
  }
}

function isAbsent(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR'
}
