import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, readdirSync } from 'node:fs'
import { constants as system } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { UsageError } from './command.ts'

export interface ScenarioRun {
  /** Parts of paths below `scenarios/`; none: all that claim something on labs. */
  readonly suites: readonly string[]
  /** Only what is claimed on it. */
  readonly topology?: string | undefined
  /** Only scenarios with such a title. */
  readonly test?: string | undefined
  readonly environment: NodeJS.ProcessEnv
  /** Where it is told how it goes. Default: standard output. */
  readonly tellOn?: 'stdout' | 'stderr'
}

/** Topologies that scenarios make their claims on. */
const claimed = ['sidecars', 'tutorial', 'pods']
const onLabs = ['scenarios']
/** Also what is claimed of the project's own nodes without a lab, and what documents say. */
const everywhere = [...onLabs, 'cases', 'documents']
const reporters = ['default', './reports/vitest/scenario-reporter.ts']

/**
 * Runs scenarios in this Node with this terminal, and writes a report: 0 when all hold, 128 + n when signal n broke the run
 * off, else 1.
 * @throws UsageError for a suite that there is none of, or a pattern that is none; LabError where the project's own tools are not installed.
 */
export async function runScenarios(run: ScenarioRun): Promise<number> {
  const { suites, topology, test, environment, tellOn = 'stdout' } = run
  refuseTopology(topology)
  refusePattern(test)
  const files = listScenarios()
  for (const suite of suites) {
    if (!files.some((file) => `scenarios/${file}`.includes(suite))) {
      throw new UsageError(`No file of scenarios has "${suite}" in its path.`)
    }
  }
  refuseForeignFolder()
  const vitest = join(projectRoot, 'node_modules/vitest/vitest.mjs')
  const pattern = titlePattern(topology, test)
  const child = spawn(
    process.execPath,
    [
      vitest,
      'run',
      ...(suites.length === 0 ? onLabs : everywhere).map((name) => `--project=${name}`),
      ...reporters.map((name) => `--reporter=${name}`),
      ...(pattern === undefined ? [] : [`--testNamePattern=${pattern}`]),
      ...suites,
    ],
    {
      cwd: projectRoot,
      env: { ...environment, MESHYARD_CALLED_FROM: process.cwd() },
      stdio: ['inherit', tellOn === 'stdout' ? 'inherit' : 2, 'inherit'],
    },
  )
  let broken: NodeJS.Signals | undefined
  // The terminal sends Ctrl-C to both; the report is written before the run ends.
  const note = (signal: NodeJS.Signals): void => {
    broken ??= signal
  }
  const pass = (signal: NodeJS.Signals): void => {
    note(signal)
    child.kill(signal)
  }
  process.on('SIGINT', note).on('SIGTERM', pass).on('SIGHUP', pass)
  try {
    const [code]: (number | null)[] = await once(child, 'exit')
    if (broken !== undefined) return 128 + system.signals[broken]
    return code === 0 ? 0 : 1
  } finally {
    process.off('SIGINT', note).off('SIGTERM', pass).off('SIGHUP', pass)
  }
}

/** @throws UsageError for a topology that no scenario claims anything of. */
export function refuseTopology(topology: string | undefined): void {
  if (topology === undefined || claimed.includes(topology)) return
  throw new UsageError(`Nothing is claimed on "${topology}": use ${claimed.join(', ')}.`)
}

/** @throws LabError where neither reports nor what the tools keep beside them can be written. */
function refuseForeignFolder(): void {
  try {
    accessSync(projectRoot, constants.W_OK)
  } catch {
    throw new LabError(
      `Scenarios write their reports below ${projectRoot}, which you may not write to: run them in a copy of your own.`,
    )
  }
}

function listScenarios(): readonly string[] {
  try {
    return readdirSync(join(projectRoot, 'scenarios'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((name) => name.endsWith('.scenario.ts') && !name.startsWith('soak/'))
  } catch {
    throw new LabError(`There are no scenarios in ${projectRoot}: they come with the sources.`)
  }
}

function refusePattern(pattern: string | undefined): void {
  try {
    RegExp(pattern ?? '')
  } catch {
    throw new UsageError(`--test takes a regular expression, which "${pattern}" is not.`)
  }
}

/** What is claimed on a topology stands in a group of that name. */
function titlePattern(topology: string | undefined, test: string | undefined): string | undefined {
  if (topology === undefined) return test
  return `^on ${RegExp.escape(topology)} .*${test === undefined ? '' : `(?:${test})`}`
}
