import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { LineReader } from './line-reader.ts'

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'line-reader-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  return join(folder, 'log')
}

describe(LineReader, () => {
  it('gives lines once they are complete, characters cut in two included', () => {
    const file = newFile()
    const reader = new LineReader(file, { from: 'start' })
    expect(reader.next()).toStrictEqual([])
    const bytes = Buffer.from('one\nzwölf\n')
    writeFileSync(file, bytes.subarray(0, 7))
    expect(reader.next()).toStrictEqual(['one'])
    appendFileSync(file, bytes.subarray(7))
    expect(reader.next()).toStrictEqual(['zwölf'])
    expect(reader.next()).toStrictEqual([])
  })

  it('skips what was there when told to start at the end', () => {
    const file = newFile()
    writeFileSync(file, 'old\n')
    const reader = new LineReader(file, { from: 'end' })
    appendFileSync(file, 'new\n')
    expect(reader.next()).toStrictEqual(['new'])
  })
})
