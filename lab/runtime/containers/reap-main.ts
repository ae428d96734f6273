import { describeFault } from '#lab/run/lab-error.ts'
import { reap } from './reap.ts'

try {
  await reap()
} catch (error) {
  process.stderr.write(`${describeFault(error)}\n`)
  process.exitCode = 1
}
