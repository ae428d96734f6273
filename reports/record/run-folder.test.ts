import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createRunFolder } from './run-folder.ts'
import { pointLatestTo, writeWholeFile } from './writer.ts'

let parent: string

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'runs-'))
})

afterEach(() => {
  rmSync(parent, { recursive: true })
})

it('names runs so that their names sort as they started, also within one millisecond', () => {
  const times = [100, 100, 101, 2000].map((ms) => new Date(Date.UTC(2026, 10, 21, 6, 0, 0, ms)))
  const ids = times.map((time) => createRunFolder(join(parent, 'out'), time).id)
  expect(ids).toEqual(ids.toSorted())
  expect(new Set(ids).size).toBe(4)
  expect(readdirSync(join(parent, 'out')).toSorted()).toEqual(ids)
})

it('moves latest from run to run', () => {
  for (const ms of [1, 2]) {
    const { folder, id } = createRunFolder(parent, new Date(ms))
    pointLatestTo(folder)
    expect(readlinkSync(join(parent, 'latest'))).toBe(id)
  }
})

it('replaces a file whole and leaves nothing beside it', () => {
  const path = join(parent, 'deep', 'report.json')
  writeWholeFile(path, 'first, the longer one')
  writeWholeFile(path, 'second')
  expect(readFileSync(path, 'utf8')).toBe('second')
  expect(readdirSync(join(parent, 'deep'))).toEqual(['report.json'])
})

it('leaves nothing behind when a file cannot be put in place', () => {
  writeWholeFile(join(parent, 'taken', 'inside'), '')
  expect(() => writeWholeFile(join(parent, 'taken'), 'x')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/)
  expect(readdirSync(parent)).toEqual(['taken'])
})
