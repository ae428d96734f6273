import { execFile } from 'node:child_process'
import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { commandTable } from '#lab/cli/command-table.ts'
import { projectRoot } from '#lab/run/home.ts'
import { makeRunFolder } from '#lab/run/run-folder.ts'
import { planLab } from '#lab/topology/plan.ts'
import { sidecars } from '#lab/topology/sidecars.ts'
import { complete } from './complete.ts'

const known = { node: () => ['kong-a', 'kong-b'], link: () => ['mesh'] }
const go = (...words: readonly string[]): readonly string[] => complete(words, commandTable, known)

describe('completions', () => {
  it('go on with commands, words, nodes, links and options', () => {
    expect(go('ca')).toEqual(['capture'])
    expect(go('help', 'ca')).toEqual(['capture'])
    expect(go('exec', 'kong')).toEqual(['kong-a', 'kong-b'])
    expect(go('link', 'mesh', '')).toEqual(['up', 'down'])
    expect(go('up', '--b')).toEqual(['--bare', '--backend'])
    expect(go('up', '--backend', 'c')).toEqual(['containers'])
    expect(go('tap', '--link', '')).toEqual(['mesh'])
    expect(go('tap', '-o', 'j')).toEqual(['json'])
    expect(go('fault', '--seed', '7', 'expired')).toEqual(['expired-certificate'])
  })

  it('leave alone what is not theirs', () => {
    expect(go('exec', 'kong-a', '--b')).toEqual([])
    expect(go('exec', 'kong-a', 'kong')).toEqual([])
    expect(go('init', 'x')).toEqual([])
    expect(go('fly', '')).toEqual([])
  })

  it('reach bash, with the nodes of the lab', { timeout: 30_000 }, async () => {
    using home = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
    const folder = join(home.path, 'mine')
    const node = process.execPath
    const plan = planLab(sidecars, { name: 'mine', folder, root: projectRoot, node, bare: false })
    makeRunFolder(folder, plan)
    const script = `source <(meshyard completion bash)
      COMP_WORDS=(meshyard shell kong) COMP_CWORD=2; _meshyard; echo "\${COMPREPLY[@]}"
      COMP_WORDS=(meshyard validate --sc) COMP_CWORD=2; _meshyard; echo "\${COMPREPLY[@]}"`
    const PATH = `${join(projectRoot, 'lab/bin')}:${process.env['PATH']}`
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], {
      env: { ...process.env, PATH, MESHYARD_HOME: home.path, MESHYARD_NAME: 'mine' },
    })
    expect(stdout).toBe('kong-a kong-b\n--schema\n')
  })

  it.each(['bash', 'zsh', 'fish'])('print a script for %s', { timeout: 20_000 }, async (shell) => {
    const { stdout } = await promisify(execFile)(join(projectRoot, 'lab/bin/meshyard'), [
      'completion',
      shell,
    ])
    expect(stdout).toContain('meshyard completion words')
  })
})
