import { rmSync, mkdirSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node'
import type { RunRecord } from '#reports/record/record.ts'
import { createRunFolder } from '#reports/record/run-folder.ts'
import { evidenceVariable } from '#reports/record/scenario-log.ts'
import { pointLatestTo } from '#reports/record/writer.ts'
import { writeReports } from '#reports/writers/write-reports.ts'
import { renderClosingBlock } from './closing-block.ts'
import { collectRunRecord } from './collect-run-record.ts'
import { errorText, thrownText } from './failure.ts'
import { readCommit, readMachine } from './machine.ts'
import { typedCommand } from './typed-command.ts'

interface Run {
  readonly id: string
  readonly folder: string
  readonly evidence: string
  readonly startedAt: Date
  record: RunRecord | undefined
}

/**
 * Writes what a vitest run showed to `reports/out/<run>/` and points `latest` there. It does so however the run ends,
 * short of SIGKILL: with failures, a broken set-up, no test at all, or an interrupt.
 */
class ScenarioReporter implements Reporter {
  readonly #parent: string | undefined
  #vitest!: Vitest
  #run!: Run

  /** `folder`: where runs are kept, from the project's root; MESHYARD_REPORTS, else `reports/out` unless given. */
  constructor(options: { readonly folder?: string } = {}) {
    this.#parent = options.folder ?? process.env['MESHYARD_REPORTS']
  }

  onInit(vitest: Vitest): void {
    this.#vitest = vitest
    this.#run = this.#begin()
    const atExit = (): void => {
      if (this.#run.record === undefined) this.#finishInterrupted()
      if (!vitest.config.watch) this.#print()
    }
    // vitest tells reporters of no signal, and its own handlers go after the first one: a second, as npm sends it after
    // the terminal, would end the process while the report is being written. These stay.
    for (const [signal, exitCode] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      process.on(signal, () => process.exit(exitCode))
    }
    process.once('exit', atExit)
  }

  onTestRunStart(): void {
    // In watch mode the reporter outlives a run.
    if (this.#run.record !== undefined) this.#run = this.#begin()
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: 'passed' | 'failed' | 'interrupted',
  ): void {
    const interruption = reason === 'interrupted' ? ['The run was interrupted.'] : []
    this.#finish(modules, [...errors.map(errorText), ...interruption])
    if (this.#vitest.config.watch) this.#print()
  }

  #begin(): Run {
    const startedAt = new Date()
    const parent = resolve(this.#vitest.config.root, this.#parent ?? 'reports/out')
    const { id, folder } = createRunFolder(parent, startedAt)
    const evidence = join(folder, 'evidence')
    mkdirSync(evidence)
    process.env[evidenceVariable] = evidence
    return { id, folder, evidence, startedAt, record: undefined }
  }

  #finishInterrupted(): void {
    const errors = this.#vitest.state.getUnhandledErrors()
    this.#finish(this.#vitest.state.getTestModules(), [
      ...errors.map(thrownText),
      'The run ended before its tests did.',
    ])
  }

  #finish(modules: readonly TestModule[], errors: readonly string[]): void {
    const { config } = this.#vitest
    const run = this.#run
    run.record = collectRunRecord({
      id: run.id,
      root: config.root,
      evidence: run.evidence,
      startedAt: run.startedAt,
      endedAt: new Date(),
      modules,
      errors,
      command: typedCommand(process.argv, process.env),
      commit: readCommit(config.root),
      machine: readMachine(),
    })
    writeReports(run.folder, run.record, { folder: relative(config.root, run.folder) })
    pointLatestTo(run.folder)
    rmSync(run.evidence, { recursive: true })
    if (run.record.run.verdict === 'failed' || run.record.run.verdict === 'unknown') {
      process.exitCode ||= 1
    }
  }

  #print(): void {
    const { record, folder } = this.#run
    if (record === undefined) return
    process.stdout.write(renderClosingBlock(record, nameFor(process.env, folder)))
  }
}

/** A folder as one finds it where the run was asked for: runs are in the project's folder, people need not be. */
function nameFor(environment: NodeJS.ProcessEnv, folder: string): string {
  const below = relative(environment['MESHYARD_CALLED_FROM'] ?? process.cwd(), folder)
  return below.startsWith('..') ? folder : below
}

// vitest takes a reporter that is named by its path from the default export.
export default ScenarioReporter
