import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseApplied, type Applied } from '#core/node/applied-line.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { LabProcess } from './lab-process.ts'
import { LineReader, sizeOf } from './line-reader.ts'
import { listensOn } from './listening.ts'
import { until } from '#lab/run/until.ts'

const withinMs = 20_000
/** Of one that may have to wait for its store to be made. */
const silentWithinMs = 90_000
const toldLines = 12
const lookEveryMs = 50

/** What a Kong node must know before it is ready. */
export type Wanted = Pick<Applied, 'services' | 'routes'>

/**
 * Watches a process from just before its start until it is ready: it listens on everything it was told to, and a Kong
 * node that proxies has applied a configuration with at least as many services and routes as wanted.
 */
export class Readiness {
  readonly #process: LabProcess
  readonly #wanted: Wanted
  readonly #log: string
  readonly #errorLog: LineReader | undefined
  readonly #withinMs: number
  #applied: boolean
  #written = -1
  #nextLook = 0

  constructor(process: LabProcess, wanted: Wanted) {
    this.#process = process
    this.#wanted = wanted
    const { kong, log } = process.plan
    this.#log = log
    this.#applied = kong === undefined || !kong.proxies || kong.silent === true
    this.#withinMs = kong?.silent === true ? silentWithinMs : withinMs
    this.#errorLog =
      kong === undefined ? undefined : new LineReader(errorLog(kong.prefix), { from: 'end' })
  }

  /** @throws LabError with the last lines of its log when it ends first or is not ready in time. */
  async wait(): Promise<void> {
    const process = this.#process
    const { node, name } = process.plan
    const decided = await until(() => !process.alive || this.#isReady(), {
      withinMs: this.#withinMs,
    })
    if (process.alive && decided) {
      process.markReady()
      return
    }
    const what = process.alive
      ? `is not ready after ${this.#withinMs / 1000} seconds: ${this.#missing()}`
      : `ended while starting (${process.ended})`
    throw new LabError(`${node} (${name}) ${what}.${this.#lastLines()}`)
  }

  /** Looks closer only when the process has written something or a while has passed: looking has its price. */
  #isReady(): boolean {
    const written = sizeOf(this.#log) + (this.#errorLog?.size ?? 0)
    const now = performance.now()
    if (written === this.#written && now < this.#nextLook) return false
    this.#written = written
    this.#nextLook = now + lookEveryMs
    this.#applied ||= this.#hasApplied()
    return this.#applied && this.#listens()
  }

  #listens(): boolean {
    const { pid, plan } = this.#process
    return pid !== undefined && listensOn(pid, plan.listens)
  }

  #hasApplied(): boolean {
    return (
      this.#errorLog?.next().some((line) => {
        const applied = parseApplied(line)
        if (applied === undefined) return false
        const { services, routes } = this.#wanted
        return applied.services >= services && applied.routes >= routes
      }) ?? true
    )
  }

  #missing(): string {
    if (this.#listens()) return 'it has not applied its configuration'
    const wanted = this.#process.plan.listens.map(({ address, port }) => `${address} port ${port}`)
    return `it does not listen on all of ${wanted.join(', ')}`
  }

  #lastLines(): string {
    const { log, kong } = this.#process.plan
    const files = kong === undefined ? [log] : [log, errorLog(kong.prefix)]
    return files.map(lastLines).join('')
  }
}

function errorLog(prefix: string): string {
  return join(prefix, 'logs/error.log')
}

function lastLines(file: string): string {
  let text
  try {
    text = readFileSync(file, 'utf8').trimEnd()
  } catch {
    return ''
  }
  if (text === '') return ''
  const lines = text.split('\n').slice(-toldLines)
  return `\nThe last lines of ${file}:\n${lines.map((line) => `  ${line}`).join('\n')}`
}
