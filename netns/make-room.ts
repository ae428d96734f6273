import { setSocketOption, SOL_SOCKET, SystemCallError } from './native.ts'

/**
 * Lets so many bytes wait in a socket to be received. As much as is asked for takes privileges on the machine; without them it
 * is what the machine gives everybody.
 */
export function makeRoom(fd: number, bytes: number): void {
  try {
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes, 'make room for packets')
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== 'EPERM') throw error
    setSocketOption(fd, SOL_SOCKET, SO_RCVBUF, bytes, 'make room for packets')
  }
}

const SO_RCVBUF = 8
const SO_RCVBUFFORCE = 33
