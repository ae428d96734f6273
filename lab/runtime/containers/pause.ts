import type { Container, ContainerCreateOptions } from 'dockerode'
import { LabError } from '#lab/run/lab-error.ts'
import { readIfThere } from '#lab/run/read-if-there.ts'
import { startFault, type Engine } from './engine.ts'

/** A running container that keeps the namespaces of one network namespace of the plan. */
export interface Pause {
  readonly container: Container
  /** Of its first process, as seen here. */
  readonly pid: number
}

/**
 * Starts one. It lives as long as this process holds its input and the engine runs.
 * @throws LabError when it does not start, or runs on another machine than this process.
 */
export async function startPause(engine: Engine, spec: ContainerCreateOptions): Promise<Pause> {
  let container
  let pid
  try {
    container = await engine.createContainer(spec)
    await container.attach({ stream: true, stdin: true, hijack: true })
    await container.start()
    pid = (await container.inspect()).State.Pid
    if (pid === 0) throw new Error('it has ended at once')
  } catch (error) {
    throw new LabError(`Cannot start the container ${spec.name}: ${startFault(error)}`)
  }
  if (!isIn(container, pid)) {
    throw new LabError(
      'The container engine does not run on this machine, or not among the processes that can be seen from here. ' +
        'A lab builds its network itself and needs an engine of this very machine: set DOCKER_HOST to its socket.',
    )
  }
  return { container, pid }
}

/** Whether the process of that number here is in the container, whose id engines name its control group by. */
function isIn({ id }: Container, pid: number): boolean {
  return readIfThere(`/proc/${pid}/cgroup`).includes(id)
}
