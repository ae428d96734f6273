import { openLabLender, type LabLender } from './lab-lender.ts'
import { lenderVariable } from './warm-labs.ts'

let lender: LabLender | undefined

/** Before the processes of a run start: labs pass from file to file, whichever process runs it. */
export async function setup(): Promise<void> {
  lender = await openLabLender()
  process.env[lenderVariable] = lender.socket
}

/** After they have ended. */
export async function teardown(): Promise<void> {
  delete process.env[lenderVariable]
  await lender?.[Symbol.asyncDispose]()
}
