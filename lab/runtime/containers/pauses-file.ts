import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readIfThere } from '#lab/run/read-if-there.ts'
import type { Pause } from './pause.ts'

/** What the run folder says of a pause container. */
export interface PauseRecord {
  readonly id: string
  /** Of its first process, as the holder sees it. */
  readonly pid: number
}

const file = 'containers.json'

/** Writes down, by namespace of the plan, where its processes are found. */
export function writePauses(folder: string, pauses: ReadonlyMap<string, Pause>): void {
  const records = Array.from(pauses, ([name, { container, pid }]) => [
    name,
    { id: container.id, pid } satisfies PauseRecord,
  ])
  writeFileSync(
    join(folder, file),
    `${JSON.stringify(Object.fromEntries(records), undefined, 2)}\n`,
  )
}

/** Where the processes of a namespace are found; nothing before its container runs, or when its lab has none. */
export function readPause(folder: string, namespace: string): PauseRecord | undefined {
  const text = readIfThere(join(folder, file))
  if (text === '') return undefined
  const records: Readonly<Record<string, PauseRecord>> = JSON.parse(text)
  return records[namespace]
}
