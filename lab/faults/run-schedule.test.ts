import { expect, it } from 'vitest'
import { openLab } from '#lab/lab.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { samplePair } from '#lab/topology/sample-pair.ts'
import { runSchedule } from './run-schedule.ts'

it.each([new Error('no answer'), new LabError('The node server does not run.')])(
  'tells of a lab in which nothing holds before the first fault, whoever says so: %s',
  { timeout: 120_000 },
  async (violation) => {
    await using lab = await openLab(samplePair([]), { bare: true })
    const property = (): Promise<void> => Promise.reject(violation)
    expect(await runSchedule([], { lab, property })).toEqual({
      kind: 'unsound',
      message: violation.message,
    })
    expect(await runSchedule([], { lab, property: () => Promise.resolve() })).toMatchObject({
      kind: 'held',
    })
  },
)
