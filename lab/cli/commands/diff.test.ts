import { existsSync, mkdtempDisposableSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { runToEnd } from '#lab/run/run-to-end.ts'

it(
  'writes of two proxies nothing but JSON, and where their reports are for whoever stands elsewhere',
  { timeout: 120_000 },
  async () => {
    const kong = join(projectRoot, 'core/bin/kong')
    const proxies = ['--proxy', 'core', '--proxy', `command:${kong}`]
    // Nothing in it is claimed on a topology, so that both runs end soon.
    const suite = ['kong-cases/client-address', '--topology', 'tutorial']
    const program = [join(projectRoot, 'lab/bin/meshyard'), 'diff', ...proxies, ...suite]
    // Without what this very run has in its environment.
    const own = ['env', '-i', `PATH=${process.env['PATH']}`, `HOME=${process.env['HOME']}`]
    using elsewhere = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
    const ended = await runToEnd([...own, ...program, '-o', 'json'], { cwd: elsewhere.path })
    const reports = [...ended.stderr.matchAll(/^Report: (.*)$/gm)].map(([, report = '']) => report)
    onTestFinished(() => {
      for (const report of reports) {
        rmSync(dirname(dirname(dirname(report))), { recursive: true, force: true })
      }
    })
    expect(JSON.parse(ended.stdout)).toMatchObject({
      runs: [{ label: 'core' }, { label: `command:${kong}` }],
    })
    expect(reports).toHaveLength(2)
    for (const report of reports) {
      expect(report).toMatch(/^\/.*\/reports\/out\/diff-[\dTZ]+\/[ab]\/[\dTZ-]+\/index\.html$/)
      expect(existsSync(report)).toBe(true)
    }
  },
)
