import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { writeRepro, type ReproOptions } from './write-repro.ts'

const repro: ReproOptions = {
  folder: join(projectRoot, 'reports/out/faults', `write-${process.pid}`),
  name: 'seed-7',
  topology: 'sidecars',
  schedule: [{ atMs: 0, forMs: 50, spec: { kind: 'partition', link: 'mesh', from: 'kong-a' } }],
  property: { module: '#scenarios/kong/faults/properties.ts', name: 'noRequestFails' },
  message: 'a */ comment\nover two lines',
  seed: 7,
}

describe(writeRepro, () => {
  it('writes a scenario whose words cannot end its comment, and a script that a shell understands', async () => {
    onTestFinished(() => rm(repro.folder, { recursive: true, force: true }))
    const { scenario, script } = await writeRepro(repro)
    const text = await readFile(scenario, 'utf8')
    expect(text).toContain('from seed 7, which ended with: a * / comment over two lines */')
    expect(text).toContain('"link": "mesh"')
    expect(JSON.parse(await readFile(join(repro.folder, 'schedule.json'), 'utf8'))).toEqual(
      repro.schedule,
    )
    const run = promisify(execFile)
    await run('sh', ['-n', script])
    await run(process.execPath, ['--check', '--experimental-strip-types', scenario])
  })

  it('refuses a folder from which the modules of the repository cannot be imported', async () => {
    await expect(writeRepro({ ...repro, folder: join(tmpdir(), 'elsewhere') })).rejects.toThrow(
      /cannot be written to .*elsewhere/,
    )
  })
})
