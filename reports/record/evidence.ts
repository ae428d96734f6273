import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { evidenceLineSchema } from './record-schema.ts'
import type { CommandRecord, HopRecord, LedgerRecord, LogRecord, TopologyRecord } from './record.ts'
import { evidenceFileName, type EvidenceLine } from './scenario-log.ts'

/** What one test, suite or file added to its log. */
export interface Evidence {
  readonly topology: TopologyRecord | undefined
  readonly commands: readonly CommandRecord[]
  readonly hops: readonly HopRecord[]
  readonly logs: readonly LogRecord[]
  /** Capture files, relative to the run's folder. */
  readonly captures: readonly string[]
  readonly ledger: LedgerRecord | undefined
  /** Lines that could not be read, as of a process that died while writing. */
  readonly faults: readonly string[]
}

/** Reads what was added for a task since it was last opened; nothing was added is no fault. */
export function readEvidence(folder: string, taskId: string): Evidence {
  return parseEvidence(readIfThere(join(folder, evidenceFileName(taskId))))
}

/** Puts the evidence of a file, its suites and a test together, outermost first. */
export function joinEvidence(parts: readonly Evidence[]): Evidence {
  return {
    topology: parts.findLast((part) => part.topology !== undefined)?.topology,
    commands: parts.flatMap((part) => part.commands),
    hops: parts.flatMap((part) => part.hops).toSorted((a, b) => byTime(a.at, b.at)),
    logs: newestLogs(parts.flatMap((part) => part.logs)),
    captures: [...new Set(parts.flatMap((part) => part.captures))],
    ledger: parts.findLast((part) => part.ledger !== undefined)?.ledger,
    faults: parts.flatMap((part) => part.faults),
  }
}

/** Reads evidence lines; a line that cannot be read becomes a fault and takes nothing else with it. */
export function parseEvidence(text: string): Evidence {
  const faults: string[] = []
  const lines: EvidenceLine[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue
    const parsed = parseLine(line)
    if (parsed === undefined) {
      faults.push(`Evidence line ${index + 1} cannot be read and is left out.`)
    } else if (parsed.kind === 'start') {
      lines.length = 0
    } else {
      lines.push(parsed)
    }
  }
  return {
    topology: lines.findLast((line) => line.kind === 'topology')?.value,
    commands: lines.filter((line) => line.kind === 'command').map((line) => line.value),
    hops: lines.filter((line) => line.kind === 'hop').map((line) => line.value),
    logs: newestLogs(lines.filter((line) => line.kind === 'log').map((line) => line.value)),
    captures: lines.filter((line) => line.kind === 'capture').map((line) => line.value),
    ledger: lines.findLast((line) => line.kind === 'ledger')?.value,
    faults,
  }
}

function parseLine(line: string): EvidenceLine | undefined {
  try {
    return evidenceLineSchema.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

/** Without its Z a shorter fraction of a second sorts before a longer one, so text order is time order. */
function byTime(a: string, b: string): number {
  const [first, second] = [a.replace('Z', ''), b.replace('Z', '')]
  return first < second ? -1 : first > second ? 1 : 0
}

function newestLogs(logs: readonly LogRecord[]): readonly LogRecord[] {
  return [...new Map(logs.map((log) => [`${log.node}\n${log.name}`, log])).values()]
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}
