import { chmodSync, mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { openScenarioLog } from '#reports/record/scenario-log.ts'
import { openAdmin } from './admin.ts'
import { grounds } from './ground.ts'
import { openStage, Yard } from './stage.ts'

it(
  "changes are waited for where the logs of proxies do not tell of them, and what is asked meanwhile is on nobody's record",
  { timeout: 180_000 },
  async ({ task }) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
    const program = join(folder.path, 'kong')
    writeFileSync(
      program,
      `#!/bin/sh\nKONG_LOG_LEVEL=error exec ${projectRoot}/core/bin/kong "$@"\n`,
    )
    chmodSync(program, 0o755)
    vi.stubEnv('MESHYARD_PROXY', `command:${program}`)
    try {
      using log = openScenarioLog(task, { folder: undefined })
      const ground = grounds.find(({ topology }) => topology === 'sidecars')
      if (ground === undefined) throw new Error('there are no sidecars')
      await using stage = await openStage(ground, { log, file: 'x' })
      const yard = await Yard.enter(stage, log, 'x')
      /** What the service is asked for. */
      const ask = async (): Promise<unknown> => {
        const { text } = await yard
          .node('service-a')
          .fetch(`http://${ground.addresses.echo}:18000/x`)
        const { path }: { readonly path?: unknown } = JSON.parse(text)
        return path
      }
      expect(await ask()).toBe('/x')
      {
        await using admin = await openAdmin(yard)
        {
          // They hear nothing of changes meanwhile, and nothing else is cut off.
          await using _cut = await yard.lab.fault({
            kind: 'partition',
            link: 'mesh',
            from: 'control-plane',
          })
          await admin.change('/services/echo-http', { to: { path: '/new/' }, back: { path: null } })
          expect(await ask()).toBe('/x')
        }
        await admin.applied()
        // Both proxies go by it: each puts it before what it was asked for.
        expect(await ask()).toBe('/new/new/x')
      }
      expect(await ask()).toBe('/x')
      expect(yard.commands.filter(({ argv }) => argv.join(' ').includes('.invalid'))).toEqual([])
      await yard.record()
    } finally {
      vi.unstubAllEnvs()
    }
  },
)
