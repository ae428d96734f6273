import { chmodSync, mkdtempDisposableSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { runToEnd } from '#lab/run/run-to-end.ts'
import { typed } from './called-as.ts'

const bin = join(projectRoot, 'lab/bin')
const line = ['--name', 'x', 'kong-a']

describe(typed, () => {
  it('names the program as its reader can call it', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'called-'))
    const link = join(folder.path, 'meshyard')
    expect(typed('shell', line, { PATH: `/usr/bin:${bin}` })).toBe('meshyard shell --name x kong-a')
    expect(typed('ps', [], { PATH: '/usr/bin' })).toBe('lab/bin/meshyard ps')
    symlinkSync(join(bin, 'meshyard'), link)
    expect(typed('ps', [], { PATH: folder.path })).toBe('meshyard ps')
  })

  it('is not taken in by another program of that name', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'called-'))
    writeFileSync(join(folder.path, 'meshyard'), '#!/bin/sh\n')
    chmodSync(join(folder.path, 'meshyard'), 0o755)
    expect(typed('ps', [], { PATH: `${folder.path}:${bin}` })).toBe('lab/bin/meshyard ps')
  })

  it('goes through npm where npm called it, if package.json has a script for that command', () => {
    const environment = { PATH: bin, npm_lifecycle_event: 'lab:up' }
    expect(typed('shell', line, environment)).toBe('npm run lab:shell -- --name x kong-a')
    expect(typed('ps', [], environment)).toBe('npm run lab:ps')
    expect(typed('fault', ['list'], environment)).toBe('meshyard fault list')
    expect(typed('ps', [], { PATH: bin, npm_lifecycle_event: 'test' })).toBe('meshyard ps')
  })
})

describe('a hint', () => {
  it.each([
    [{ PATH: `${bin}:${process.env['PATH']}` }, 'meshyard up'],
    [{ PATH: '/usr/bin:/bin', npm_lifecycle_event: 'lab:ps' }, 'npm run lab:up'],
    [{ PATH: '/usr/bin:/bin', npm_lifecycle_event: 'unit' }, join(bin, 'meshyard up')],
  ])('of a program that was called with %j says "%s"', async (environment, hint) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'called-'))
    const ended = await runToEnd([join(bin, 'meshyard'), 'ps'], {
      cwd: folder.path,
      environment: { MESHYARD_HOME: folder.path, ...environment },
    })
    expect(ended).toMatchObject({
      code: 1,
      stderr: `Error: No lab named default is up; "${hint}" brings one up.\n`,
    })
  })
})
