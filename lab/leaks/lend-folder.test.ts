import { existsSync, mkdirSync, mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lendFolder } from './lend-folder.ts'

describe(lendFolder, () => {
  it('makes a folder, which is gone again when nobody has used it', () => {
    using place = mkdtempDisposableSync(join(tmpdir(), 'lend-'))
    const path = join(place.path, 'folder')
    {
      using _lent = lendFolder(path)
      expect(existsSync(path)).toBe(true)
    }
    expect(existsSync(path)).toBe(false)
  })

  it('leaves what somebody has put there, before or meanwhile', () => {
    using place = mkdtempDisposableSync(join(tmpdir(), 'lend-'))
    {
      using _outer = lendFolder(join(place.path, 'folder'))
      using _inner = lendFolder(join(place.path, 'folder'))
      mkdirSync(join(place.path, 'folder/lab'))
    }
    expect(existsSync(join(place.path, 'folder/lab'))).toBe(true)
  })

  it('asks for no folder that cannot be', () => {
    expect(() => lendFolder('/proc/1/nothing/folder')).toThrow('ENOENT')
    lendFolder('/proc/1')[Symbol.dispose]()
    expect(existsSync('/proc/1')).toBe(true)
  })
})
