import { flushCompileCache } from 'node:module'
import { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { programFolders } from '#lab/run/home.ts'
import { describeFault } from '#lab/run/lab-error.ts'
import { readPlan } from '#lab/run/run-folder.ts'
import { listenForRequests } from './control-server.ts'
import { labEnvironment } from './environment.ts'
import { readJsonLines, writeJsonLine } from './json-lines.ts'
import type { LabEvent, OpenerLine } from './messages.ts'
import { RunningLab } from './running-lab.ts'

/**
 * The holder: runs as the only child of the lab's first process, in the lab's own process, mount and network
 * namespaces, with the run folder as its working directory. When it ends, so does everything in the lab.
 */
export async function holdLab(): Promise<void> {
  // A collection in the middle of a fast API call aborts Node 26, and the lab with it.
  setFlagsFromString('--no-turbo-fast-api-calls')
  const opener = new Socket({ fd: openerFd, readable: true, writable: true })
  // Its end is what counts, and `leaveWithOpener` sees that.
  opener.on('error', () => {})
  const tell = (event: LabEvent): void => {
    writeJsonLine(opener, event)
  }
  const prepared = Promise.withResolvers<void>()
  void leaveWithOpener(opener, prepared.resolve)
  try {
    const plan = readPlan('.')
    const lab = await RunningLab.open(plan, {
      ...labEnvironment(process.env, programFolders()),
      ...plan.environment,
    })
    tell({ kind: 'network', afterMs: performance.now() })
    await listenForRequests(lab)
    await lab.start({ onEvent: tell, prepared: prepared.promise })
    tell({ kind: 'ready', afterMs: performance.now() })
    // Not left to the end, which may be a SIGKILL.
    flushCompileCache()
  } catch (error) {
    const message = describeFault(error)
    opener.end(`${JSON.stringify({ kind: 'failed', message } satisfies LabEvent)}\n`, () => {
      process.exit(1)
    })
  }
}

/** Shared with the process that brings the lab up. */
const openerFd = 3

/** Until the opener says that the lab may outlive it, its end, however it comes, is the end of the lab. */
async function leaveWithOpener(opener: Socket, onPrepared: () => void): Promise<void> {
  for await (const line of readJsonLines<OpenerLine>(opener)) {
    if (line === 'stay') return
    onPrepared()
  }
  process.exit(0)
}
