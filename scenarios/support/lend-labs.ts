import type { TestProject } from 'vitest/node'
import { openLabLender, type LabLender } from './lab-lender.ts'

let lender: LabLender | undefined

/** Before the processes of a run start: labs pass from file to file, whichever process runs it. */
export async function setup(project: TestProject): Promise<void> {
  lender = await openLabLender()
  project.provide('labLender', lender.socket)
}

/** After they have ended. */
export async function teardown(): Promise<void> {
  await lender?.[Symbol.asyncDispose]()
}
