import { execFile, spawnSync } from 'node:child_process'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
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

const known = {
  lab: () => ['default', 'mine'],
  topology: () => ['pods', 'sidecars'],
  node: () => ['kong-a', 'kong-b'],
  link: () => ['mesh'],
}
const go = (...words: readonly string[]): readonly string[] => complete(words, commandTable, known)

/** What is typed, and how it may go on. */
const lines: readonly (readonly [string, readonly string[]])[] = [
  ['meshyard ca', ['capture']],
  ['meshyard validate --sc', ['--schema']],
  ['meshyard up --b', ['--backend', '--bare']],
  ['meshyard up --backend c', ['containers']],
  ['meshyard ps --name ', ['mine']],
  ['meshyard shell kong', ['kong-a', 'kong-b']],
  ['meshyard up own', ['own.yaml']],
]

/** Programs that print what each shell offers behind a line, without a terminal. */
const shells: Readonly<Record<string, (asked: readonly string[]) => [string, ...string[]]>> = {
  bash: (asked) => [
    'bash',
    '--norc',
    '-c',
    `source <(meshyard completion bash)
    for line in "$@"; do
      read -ra COMP_WORDS <<<"$line"; [[ $line == *' ' ]] && COMP_WORDS+=('')
      COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )) COMPREPLY=(); _meshyard
      echo "== $line"; printf '%s\\n' "\${COMPREPLY[@]}"
    done`,
    'bash',
    ...asked,
  ],
  // What adds to its menu, in place of which words are printed; no menu is there without a terminal.
  zsh: (asked) => [
    'zsh',
    '-f',
    '-c',
    `source <(meshyard completion zsh)
    [[ $_comps[meshyard] == _meshyard ]] || echo 'not registered'
    compadd() { print -rl -- "\${(P@)2}"; }
    _files() { print -rl -- \${words[CURRENT]}*(N); }
    for line in "$@"; do
      words=("\${(@s: :)line}") CURRENT=$#words; print -r -- "== $line"; _meshyard
    done`,
    'zsh',
    ...asked,
  ],
  fish: (asked) => [
    'fish',
    '--no-config',
    '-c',
    `meshyard completion fish | source
    for line in $argv; echo "== $line"; complete -C "$line"; end`,
    ...asked,
  ],
}

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
    expect(go('ps', '--name', 'm')).toEqual(['mine'])
    expect(go('init', '--from', '')).toEqual(['pods', 'sidecars'])
    expect(go('up', '--proxy', 'co')).toEqual(['core', 'command:'])
    // Of other shells, and of bash, which takes it apart.
    expect(go('up', '--backend=c')).toEqual(['--backend=containers'])
    expect(go('up', '--backend', '=', 'c')).toEqual(['containers'])
    expect(go('up', '--backend', '=')).toEqual(['namespaces', 'containers'])
    expect(go('fault', '--seed', '7', 'expired')).toEqual(['expired-certificate'])
  })

  it('leave alone what is not theirs', () => {
    expect(go('exec', 'kong-a', '--b')).toEqual([])
    expect(go('exec', 'kong-a', 'kong')).toEqual([])
    expect(go('init', 'x')).toEqual([])
    expect(go('fly', '')).toEqual([])
  })

  describe.each(Object.keys(shells))('in %s', (shell) => {
    it(
      'are commands, options, values, labs, nodes, and else files',
      { timeout: 120_000 },
      async ({ skip }) => {
        if (spawnSync(shell, ['-c', 'true']).status !== 0) skip(`${shell} is not installed`)
        using home = mkdtempDisposableSync(join(tmpdir(), 'meshyard-'))
        const folder = join(home.path, 'mine')
        const node = process.execPath
        const plan = planLab(sidecars, {
          name: 'mine',
          folder,
          root: projectRoot,
          node,
          bare: false,
        })
        makeRunFolder(folder, plan)
        writeFileSync(join(home.path, 'own.yaml'), '')
        const asked = lines.map(([line]) => line)
        const [program, ...args] = shells[shell]?.(asked) ?? ['false']
        const PATH = `${join(projectRoot, 'lab/bin')}:${process.env['PATH']}`
        const { stdout, stderr } = await promisify(execFile)(program, args, {
          cwd: home.path,
          env: {
            ...process.env,
            PATH,
            HOME: home.path,
            MESHYARD_HOME: home.path,
            MESHYARD_NAME: 'mine',
          },
        })
        const answers = stdout.split('== ').slice(1)
        const found = answers.map((text) => {
          const [line = '', ...words] = text.trimEnd().split('\n')
          return [line, words.toSorted()]
        })
        expect({ found, stderr }).toEqual({ found: lines, stderr: '' })
      },
    )
  })

  it.each(['bash', 'zsh', 'fish'])('print a script for %s', { timeout: 60_000 }, async (shell) => {
    const { stdout } = await promisify(execFile)(join(projectRoot, 'lab/bin/meshyard'), [
      'completion',
      shell,
    ])
    expect(stdout).toContain('meshyard completion words')
  })
})
