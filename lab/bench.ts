/**
 * Prints how long labs take to come up, to be reset and to go, and all suites on them to be run, what they take of the machine,
 * and beside it what docker-compose takes where it is installed. `--strict` fails when a bound is missed by more than 30 %,
 * `--quick` leaves out the lab of a hundred sidecars and the suites. Run it as root.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, printFigures, ratio, type Figure } from '#netns/bench-figures.ts'
import { timeMeshyard } from './bench-command.ts'
import { openCompose, type ComposeFigures } from './bench-compose.ts'
import { measureScale } from './bench-scale.ts'
import { openLab } from './lab.ts'

const rounds = 5
const args = process.argv.slice(2)
const home = mkdtempSync(join(tmpdir(), 'lab-bench-'))

/** Ours and theirs by turns, since a machine is not as busy now as it was before. */
async function measureUpAndDown(): Promise<readonly Figure[]> {
  using compose = openCompose(home)
  const ours: { readonly upMs: number; readonly downMs: number }[] = []
  const theirs: ComposeFigures[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const up = await timeMeshyard(home, 'up', 'sidecars')
    const down = await timeMeshyard(home, 'down')
    const beside = await compose?.measure()
    // The first round fills caches.
    if (round === 0) continue
    ours.push({ upMs: up.wallMs, downMs: down.wallMs })
    if (beside !== undefined) theirs.push(beside)
  }
  const compare = (part: 'upMs' | 'downMs'): Pick<Figure, 'measured' | 'unit' | 'others'> => {
    const measured = median(ours.map((each) => each[part]))
    const others =
      theirs.length === 0
        ? ['no docker-compose, or no engine']
        : [ratio('docker-compose', median(theirs.map((each) => each[part])), measured)]
    return { measured, unit: 'ms', others }
  }
  return [
    { figure: 'sidecars, up to ready', bound: 800, ...compare('upMs') },
    { figure: 'sidecars, down', bound: 200, ...compare('downMs') },
  ]
}

/** A lab is brought back in which a request was answered through both proxies. */
async function measureResets(): Promise<Figure> {
  await using lab = await openLab('sidecars', { name: 'bench-reset', folder: join(home, 'reset') })
  const measured: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    await lab.exec('service-a', ['curl', '-s', 'http://10.2.0.6:18000'])
    const startedAt = performance.now()
    const { clean, differences } = await lab.reset()
    if (round > 0) measured.push(performance.now() - startedAt)
    if (!clean) throw new Error(`The lab is not clean: ${differences.join('; ')}`)
  }
  return {
    figure: 'reset, proven by the state',
    measured: median(measured),
    unit: 'ms',
    bound: 50,
  }
}

async function measureCpu(): Promise<Figure> {
  const { cpuMs } = await measureScale('sidecars', join(home, 'cpu'))
  return { figure: 'sidecars, CPU time of all its processes', measured: cpuMs, unit: 'ms' }
}

async function measureHundred(): Promise<readonly Figure[]> {
  const { readyMs, cpuMs, sidecarMiB, downMs } = await measureScale('full:100', join(home, 'full'))
  return [
    { figure: '100 sidecars, ready', measured: readyMs / 1000, unit: 's', bound: 15 },
    { figure: '… CPU time of all its processes', measured: cpuMs / 1000, unit: 's' },
    { figure: '… memory of the largest', measured: sidecarMiB, unit: 'MiB', bound: 60 },
    { figure: '… down', measured: downMs / 1000, unit: 's' },
  ]
}

/** Every scenario on every topology, with its report. */
async function measureSuites(): Promise<Figure> {
  const { wallMs } = await timeMeshyard(home, 'run')
  return { figure: 'all suites on labs', measured: wallMs / 1000, unit: 's', bound: 60 }
}

try {
  const figures: readonly Figure[] = [
    ...(await measureUpAndDown()),
    await measureCpu(),
    await measureResets(),
    ...(args.includes('--quick') ? [] : [...(await measureHundred()), await measureSuites()]),
  ]
  process.exitCode = printFigures(figures, args)
} finally {
  await timeMeshyard(home, 'down')
  rmSync(home, { recursive: true })
}
