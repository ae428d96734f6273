import { once } from 'node:events'
import { connect } from 'node:net'
import { inject } from 'vitest'
import { LabClient } from '#lab/client/lab-client.ts'
import { readJsonLines, writeJsonLine } from '#lab/holder/json-lines.ts'
import { openLab, type Lab } from '#lab/lab.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { readPlan, readRunState } from '#lab/run/run-folder.ts'
import type { Topology } from '#lab/topology/topology.ts'
import type { LenderLine } from './lab-lender.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The socket of who lends labs to the processes of a run; there is none outside of the project that has one. */
    labLender?: string
  }
}

export interface BorrowedLab extends AsyncDisposable {
  readonly lab: Lab
}

/**
 * A lab of a topology, as it is when it has come up: one that earlier scenarios have given back, or a new one. Disposing
 * of it gives it back. Where nobody lends labs it is one's own, and goes down.
 */
export async function borrowLab(
  topology: Topology,
  lender = inject('labLender'),
): Promise<BorrowedLab> {
  if (lender === undefined) {
    const lab = await openLab(topology, { keyLog: true })
    return { lab, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() }
  }
  await using opening = new AsyncDisposableStack()
  const socket = opening.adopt(connect(lender), (opened) => {
    opened.destroy()
  })
  await once(socket, 'connect')
  writeJsonLine(socket, topology)
  const { value: answer } = await readJsonLines<LenderLine>(socket).next()
  if (answer === undefined) throw new LabError('Whoever lends labs ended before it lent one.')
  if (answer.kind === 'failed') throw new LabError(answer.message)
  const lab = labIn(answer.folder, topology)
  const owned = opening.move()
  return { lab, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** A lab that another process has opened, and ends. */
function labIn(folder: string, topology: Topology): Lab {
  const state = readRunState(folder)
  if (state === undefined) throw new LabError(`There is no lab in ${folder}.`)
  return new LabClient(topology, {
    plan: readPlan(folder),
    state,
    stay: () => Promise.resolve(),
    [Symbol.dispose]: () => {},
  })
}
