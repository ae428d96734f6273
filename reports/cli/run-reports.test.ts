import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sampleRecord } from '#reports/writers/sample-record.ts'
import { writeReports } from '#reports/writers/write-reports.ts'
import { runReports } from './run-reports.ts'

let folder: string
let printed: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'reports-'))
  printed = ''
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function run(...args: readonly string[]): number {
  return runReports(args, (line) => {
    printed += `${line}\n`
  })
}

it('makes from report.json alone the very files the run wrote', () => {
  const first = join(folder, 'first')
  const again = join(folder, 'again')
  writeReports(first, sampleRecord(), { folder: again })
  expect(run(join(first, 'report.json'), '--out', again)).toBe(0)
  const names = readdirSync(first, { recursive: true, encoding: 'utf8' }).toSorted()
  expect(readdirSync(again, { recursive: true, encoding: 'utf8' }).toSorted()).toEqual(names)
  for (const name of names.filter((each) => each.includes('.'))) {
    expect(readFileSync(join(again, name), 'utf8')).toBe(readFileSync(join(first, name), 'utf8'))
  }
})

it('writes one format where one is asked for', () => {
  writeReports(folder, sampleRecord(), { folder, format: 'json' })
  expect(run(folder, '--format', 'markdown')).toBe(0)
  expect(readdirSync(folder).toSorted()).toEqual(['report.json', 'summary.md'])
})

it('says what is wrong: 1 for a report that cannot be read or written, 2 for wrong usage', () => {
  const file = join(folder, 'report.json')
  expect(run(file)).toBe(1)
  expect(printed).toContain(`Error: Cannot read ${file}: there is no such file.\n`)
  writeFileSync(file, '{}')
  expect(run(file)).toBe(1)
  expect(printed).toContain('its version is missing')
  expect(run(file, '--format', 'pdf')).toBe(2)
  expect(printed).toContain('There is no format "pdf"; the formats are json, junit')
  expect(run(file, '--fast')).toBe(2)
  writeReports(folder, sampleRecord(), { folder, format: 'json' })
  expect(run(file, '--out', '/proc/nowhere')).toBe(1)
  expect(printed).toMatch(/^Error: ENOENT[^\n]*\/proc\/nowhere/m)
})

it('compares two runs: 0 when they are alike, 1 when not, and says how', () => {
  const [one, two, other] = ['one', 'two', 'other'].map((name) => join(folder, name))
  const [first, ...rest] = sampleRecord().scenarios
  if (first === undefined || one === undefined || two === undefined || other === undefined) return
  writeReports(one, sampleRecord(), { folder: one, format: 'json' })
  writeReports(two, sampleRecord(), { folder: two, format: 'json' })
  const scenarios = [{ ...first, verdict: 'failed' as const }, ...rest]
  writeReports(other, sampleRecord({ scenarios }), { folder: other, format: 'json' })
  expect(run('diff', one, two)).toBe(0)
  expect(printed).toContain('No difference in ')
  expect(run('diff', one, other, '--label', 'before', '--label', 'after')).toBe(1)
  expect(printed).toContain('newly failing')
  printed = ''
  expect(run('diff', one, other, '--output', 'json')).toBe(1)
  expect(JSON.parse(printed)).toMatchObject({ scenarios: [{ id: first.id, kinds: ['failing'] }] })
  expect(run('diff', one)).toBe(2)
  expect(run('diff', one, join(folder, 'nowhere'))).toBe(1)
})
