import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { projectRoot } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'
import type { Schedule } from './schedule.ts'

export interface ReproOptions {
  /** Inside the repository; made when missing. */
  readonly folder: string
  /** Of the scenario, in letters, digits and hyphens. */
  readonly name: string
  /** Name or path of a topology, as `openLab` takes it. */
  readonly topology: string
  readonly schedule: Schedule
  /** Where the property is, as an import: the address of a module and the name of its export. */
  readonly property: { readonly module: string; readonly name: string }
  /** What was seen, in one line. */
  readonly message: string
  readonly seed: number
}

export interface Repro {
  readonly scenario: string
  readonly script: string
}

/**
 * Writes a scenario that fails as long as the property is violated, a schedule as JSON, and `repro.sh`, which runs the
 * scenario and ends with 1 when it fails.
 * @throws LabError when the folder is outside the repository, whose modules the scenario imports.
 */
export async function writeRepro(options: ReproOptions): Promise<Repro> {
  const { folder, name, schedule } = options
  const inside = relative(projectRoot, folder)
  if (inside === '' || inside.startsWith('..')) {
    throw new LabError(
      `A scenario imports modules of ${projectRoot}, so it cannot be written to ${folder}.`,
    )
  }
  await mkdir(folder, { recursive: true })
  const scenario = join(folder, `${name}.scenario.ts`)
  const script = join(folder, 'repro.sh')
  await writeFile(scenario, renderScenario(options))
  await writeFile(join(folder, 'schedule.json'), `${JSON.stringify(schedule, undefined, 2)}\n`)
  await writeFile(join(folder, 'vitest.config.ts'), renderConfig(`${inside}/${name}.scenario.ts`))
  await writeFile(script, renderScript(inside))
  await chmod(script, 0o755)
  return { scenario, script }
}

function renderScenario({
  name,
  topology,
  schedule,
  property,
  message,
  seed,
}: ReproOptions): string {
  return `import { expect, test } from 'vitest'
import { openLab } from '#lab/lab.ts'
import { runSchedule } from '#lab/faults/run-schedule.ts'
import type { Schedule } from '#lab/faults/schedule.ts'
import { ${property.name} } from ${JSON.stringify(property.module)}

/** Shrunk from seed ${seed}, which ended with: ${message.replaceAll(/\s+/g, ' ').replaceAll('*/', '* /')} */
const schedule: Schedule = ${JSON.stringify(schedule, undefined, 2)}

test(${JSON.stringify(`${name}: ${property.name} holds while this is broken`)}, async () => {
  await using lab = await openLab(${JSON.stringify(topology)})
  const verdict = await runSchedule(schedule, { lab, property: ${property.name} })
  expect(verdict.kind === 'held' ? 'held' : verdict.message).toBe('held')
}, 60_000)
`
}

function renderConfig(scenario: string): string {
  return `// Of the repository's own tests this is none.
export default { test: { include: [${JSON.stringify(scenario)}] } }
`
}

function renderScript(inside: string): string {
  const up = inside
    .split('/')
    .map(() => '..')
    .join('/')
  return `#!/bin/sh
# Runs the scenario beside this file: 0 when its property holds, 1 when it is violated.
cd "$(dirname "$0")/${up}" || exit 2
PATH="$PWD/node_modules/.bin:$PATH"
exec vitest run --config ${JSON.stringify(`${inside}/vitest.config.ts`)} --root .
`
}
