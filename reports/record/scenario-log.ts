import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeFolders } from './make-folders.ts'
import type { CommandRecord, HopRecord, LedgerRecord, LogRecord, TopologyRecord } from './record.ts'

/** Names the folder a run collects evidence in; set by the reporter, inherited by the processes that run tests. */
export const evidenceVariable = 'MESHYARD_EVIDENCE'

/** Longest text kept of one log or one output; of a longer one the end is kept. Characters. */
export const longestText = 4 * 1024 * 1024

/**
 * What a scenario saw, handed to the reporter. Every call is on disk when it returns, so evidence outlives a scenario
 * that fails and a process that dies.
 */
export interface ScenarioLog extends Disposable {
  /** The topology the scenario ran on, drawn in the report; a later call replaces an earlier one. */
  setTopology(topology: TopologyRecord): void
  addCommand(command: CommandRecord): void
  addHop(hop: HopRecord): void
  /** Adds what a node logged; the same node and name again replaces the earlier text. */
  addLog(log: LogRecord): void
  /** What became of the requests; a later call replaces an earlier one. */
  setLedger(ledger: LedgerRecord): void
  /** Puts a capture file into the run's folder; the same name again replaces it. */
  addCapture(capture: { readonly name: string; readonly bytes: Uint8Array }): void
}

export type EvidenceLine =
  | { readonly kind: 'start' }
  | { readonly kind: 'topology'; readonly value: TopologyRecord }
  | { readonly kind: 'command'; readonly value: CommandRecord }
  | { readonly kind: 'hop'; readonly value: HopRecord }
  | { readonly kind: 'log'; readonly value: LogRecord }
  | { readonly kind: 'capture'; readonly value: string }
  | { readonly kind: 'ledger'; readonly value: LedgerRecord }

/**
 * Opens the evidence of a test, a suite or a file: pass vitest's `task`, or the `suite` of a `beforeAll`. What a suite or
 * file leaves belongs to each of its scenarios. Opening again (a retry) starts afresh. Without a reporter that collects
 * evidence, what is added is dropped.
 */
export function openScenarioLog(
  task: { readonly id: string },
  options: { readonly folder: string | undefined } = { folder: process.env[evidenceVariable] },
): ScenarioLog {
  const { folder } = options
  const file =
    folder === undefined ? undefined : openSync(join(folder, evidenceFileName(task.id)), 'a')
  let open = true
  const add = (line: EvidenceLine): void => {
    if (!open) throw new Error(`Cannot add a ${line.kind} to the evidence of ${task.id}: closed`)
    if (file !== undefined) writeWhole(file, `${JSON.stringify(line)}\n`)
  }
  add({ kind: 'start' })
  return {
    setTopology: (value) => add({ kind: 'topology', value }),
    addCommand: (value) =>
      add({
        kind: 'command',
        value: { ...value, stdout: keepEnd(value.stdout), stderr: keepEnd(value.stderr) },
      }),
    setLedger: (value) => add({ kind: 'ledger', value }),
    addHop: (value) => add({ kind: 'hop', value }),
    addCapture: ({ name, bytes }) => {
      const path = join(captureFolder, name.replaceAll(/[^\w.-]+/g, '-'))
      if (folder !== undefined) writeCapture(join(dirname(folder), path), bytes)
      add({ kind: 'capture', value: path })
    },
    addLog: (value) => add({ kind: 'log', value: { ...value, text: keepEnd(value.text) } }),
    [Symbol.dispose]: () => {
      if (open && file !== undefined) closeSync(file)
      open = false
    },
  }
}

/** In the run's folder. */
const captureFolder = 'captures'

function writeCapture(path: string, bytes: Uint8Array): void {
  makeFolders(dirname(path))
  writeFileSync(path, bytes)
}

/** Task ids are short hexadecimal words with underscores; anything else is made one that is safe as a file name. */
export function evidenceFileName(taskId: string): string {
  return `${encodeURIComponent(taskId).replaceAll('.', '%2E')}.jsonl`
}

function keepEnd(text: string): string {
  if (text.length <= longestText) return text
  return `[${text.length - longestText} earlier characters left out]\n${text.slice(-longestText)}`
}

function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written)
}
