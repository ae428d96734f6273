import { join } from 'node:path'
import { LineReader } from '#lab/holder/line-reader.ts'
import { keyLogFile, type LabPlan } from '#lab/topology/plan.ts'

/** Reads the TLS secrets of a lab as they are logged; undefined: it logs none. */
export function openKeyReader({ folder, environment }: LabPlan): (() => string) | undefined {
  if (environment['SSLKEYLOGFILE'] === undefined) return undefined
  const reader = new LineReader(join(folder, keyLogFile), { from: 'start' })
  return () =>
    reader
      .next()
      .map((line) => `${line}\n`)
      .join('')
}
