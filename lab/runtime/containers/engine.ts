import Docker from 'dockerode'
import { errorCode, messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'

export type Engine = Docker

/**
 * Connects to the container engine of DOCKER_HOST, or of the usual socket.
 * @throws LabError that names the place and the remedy when none answers there.
 */
export async function connectEngine(environment: NodeJS.ProcessEnv = process.env): Promise<Engine> {
  const engine = new Docker()
  try {
    await engine.ping()
    return engine
  } catch (error) {
    const where = environment['DOCKER_HOST'] || 'unix:///var/run/docker.sock'
    const reason = reasons[errorCode(error) ?? ''] ?? messageOf(error)
    throw new LabError(
      `No container engine answers at ${where} (${reason}): start one, for example with "systemctl start docker", ` +
        'or set DOCKER_HOST to the socket of yours.',
    )
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nobody listens there',
  EACCES: 'permission denied',
}

/** The HTTP status an engine refused a request with; nothing for any other error. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined
}

/** What an engine says of a program it cannot start, without the layers that pass it on. */
export function startFault(error: unknown): string {
  const message = typeof error === 'string' ? error : messageOf(error)
  return /exec: ("[^\n]*?)(?:: unknown)?\s*$/.exec(message)?.[1] ?? message.trim()
}
