import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { runToEnd, type Ended } from '#lab/run/run-to-end.ts'

const timeout = 90_000
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'topology-commands-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Runs the command line as a person would in a folder of their own. */
function meshyard(args: readonly string[], input = ''): Promise<Ended> {
  return runToEnd([join(projectRoot, 'lab/bin/meshyard'), ...args], {
    cwd: folder,
    environment: { MESHYARD_HOME: join(folder, 'labs') },
    input,
  })
}

describe('meshyard init', () => {
  it(
    'writes a topology that comes up as it stands and passes both proxies',
    { timeout },
    async () => {
      expect(await meshyard(['init'])).toMatchObject({ code: 0, stderr: '' })
      const validated = await meshyard(['validate'])
      expect(validated).toMatchObject({ code: 0, stderr: '' })
      expect(validated.stdout).toContain('The topology sidecars can run: 6 nodes')
      try {
        expect(await meshyard(['up'])).toMatchObject({ code: 0, stderr: '' })
        const answer = await meshyard(['exec', 'service-a', 'curl', '-s', 'http://10.2.0.6:18000'])
        // What Service B sees of Kong B, and Kong B of Kong A.
        expect(JSON.parse(answer.stdout)).toMatchObject({
          source: expect.stringMatching(/^10\.2\.0\.4:/),
          headers: { 'x-real-ip': '10.0.0.3' },
        })
        const state = await meshyard(['ps', '--state'])
        expect(state.stdout).toMatch(/^[0-9a-f]{64}\n$/)
        const reset = await meshyard(['reset', '-o', 'json'])
        expect(JSON.parse(reset.stdout)).toMatchObject({ clean: true, differences: [] })
        const drawn = await meshyard(['graph', '--name', 'default'])
        expect(drawn.stdout).toMatch(/^sidecars\n\nservice-a \(service\)\n/)
      } finally {
        expect(await meshyard(['down'])).toMatchObject({ code: 0, stderr: '' })
      }
    },
  )

  it('never writes over a file', { timeout }, async () => {
    writeFileSync(join(folder, 'meshyard.yaml'), 'mine\n')
    const { code, stderr } = await meshyard(['init'])
    expect(code).toBe(1)
    expect(stderr).toBe('Error: meshyard.yaml is there already; name another file, or remove it.\n')
    expect(readFileSync(join(folder, 'meshyard.yaml'), 'utf8')).toBe('mine\n')
  })
})

describe('meshyard validate', () => {
  it(
    'reads standard input and exits with 1 for a topology that cannot run',
    { timeout },
    async () => {
      const good = await meshyard(
        ['validate', '-', '-o', 'json'],
        'name: a\nnodes: [{ name: x }]\n',
      )
      expect(good).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(good.stdout)).toMatchObject({ valid: true, name: 'a', nodes: 1 })
      const bad = await meshyard(['validate', '-'], 'name: a\nnodes: [{ nmae: x }]\n')
      expect(bad.code).toBe(1)
      expect(bad.stderr).toContain(
        'standard input:2:11 nodes[0].nmae: there is no field "nmae"; did you mean "name"?',
      )
    },
  )

  it(
    'exits with 2 for wrong usage, and asks which of several files is meant',
    { timeout },
    async () => {
      expect(await meshyard(['validate', '-o', 'xml'])).toMatchObject({ code: 2 })
      writeFileSync(join(folder, 'meshyard.yaml'), '')
      writeFileSync(join(folder, 'meshyard.json'), '')
      const { code, stderr } = await meshyard(['validate'])
      expect(code).toBe(1)
      expect(stderr).toContain('holds meshyard.yaml and meshyard.json: say which one is meant.')
    },
  )
})
