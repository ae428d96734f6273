import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { parseRunRecord } from '#reports/record/reader.ts'
import type { RunRecord } from '#reports/record/record.ts'
import { sampleRecord, sampleScenario } from './sample-record.ts'
import { writers, type ReportFormat } from './write-reports.ts'

const folder = 'reports/out/run'
const hostile = `</script><script>alert(1)</script> "onload=x" '&<b> ]]> \u0000\u001b[31m\u202e`

function render(format: ReportFormat, record: RunRecord): Map<string, string> {
  return new Map(
    writers[format].render(record, { folder }).map(({ path, content }) => [path, content]),
  )
}

function pageOf(record: RunRecord): string {
  return render('html', record).get('index.html') ?? ''
}

function hostileRecord(): RunRecord {
  return sampleRecord({
    scenarios: [
      sampleScenario({
        title: hostile,
        verdict: 'failed',
        failures: [{ message: hostile, stack: hostile }],
        commands: [
          {
            node: hostile,
            argv: [hostile],
            exitCode: 1,
            stdout: hostile,
            stderr: hostile,
            durationMs: 1,
          },
        ],
        logs: [{ node: hostile, name: hostile, text: hostile }],
      }),
    ],
    faults: [hostile],
  })
}

/** The names of the elements in each case of `junit.xml`, as a parser that is not ours reads them. */
function casesOf(record: RunRecord): string[][] {
  const xml = render('junit', record).get('junit.xml') ?? ''
  expect(XMLValidator.validate(xml)).toBe(true)
  const cases: string[][] = []
  const parser = new XMLParser({
    ignoreAttributes: false,
    preserveOrder: true,
    updateTag: (name) => {
      if (name === 'testcase') cases.push([])
      else cases.at(-1)?.push(name)
      return true
    },
  })
  parser.parse(xml)
  return cases
}

describe('report.json', () => {
  it('reads back as what was written', () => {
    const record = sampleRecord()
    expect(parseRunRecord(render('json', record).get('report.json') ?? '', 'report.json')).toEqual(
      record,
    )
  })

  it('is refused with the place of each fault', () => {
    const record = sampleRecord()
    const broken = { ...record, machine: { ...record.machine, cpus: 'two' }, faults: [1] }
    expect(() => parseRunRecord(JSON.stringify(broken), 'r.json')).toThrow(
      /machine\.cpus.*\n.*faults\[0\]/s,
    )
    expect(() => parseRunRecord('{"version":2}', 'r.json')).toThrow('its version is 2')
  })
})

describe('index.html', () => {
  it('shows each verdict, the hops and the command to run a scenario again', () => {
    const page = pageOf(sampleRecord())
    expect(page).toContain('1 finding speaks against this run')
    expect(page).toContain('service-b saw a connection from kong-a')
    expect(page).toContain('kong-a to kong-b')
    expect(page).toContain('npm test -- scenarios/kong/tcp.scenario.ts')
  })

  it('fetches nothing and allows no script but its own', () => {
    const page = pageOf(sampleRecord())
    for (const element of ['style', 'script']) {
      const text = page.match(new RegExp(`<${element}>(.*)</${element}>`, 's'))?.[1] ?? ''
      const hash = createHash('sha256').update(text).digest('base64')
      expect(page).toContain(`${element}-src 'sha256-${hash}'`)
    }
    expect(page).toContain(`content="default-src 'none'; style-src 'sha256-`)
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  })

  it('keeps markup in titles, output and logs as text', () => {
    const page = pageOf(hostileRecord())
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page).not.toContain('<b>')
    expect(page).not.toMatch(/[\0\u202e]/)
    expect(page).toContain('&lt;/script&gt;&lt;script&gt;alert(1)')
  })

  it('says so when nothing ran', () => {
    const page = pageOf(sampleRecord({ scenarios: [], topologies: [], faults: ['No test ran.'] }))
    expect(page).toContain('No scenario ran.')
    expect(page).toContain('No test ran.')
  })

  it('shows the end of a log that is too long and links to the whole', () => {
    const text = `first line\n${'x'.repeat(99)}\n`.repeat(3000)
    const scenario = sampleScenario({ logs: [{ node: 'kong-a', name: 'error.log', text }] })
    const files = render('html', sampleRecord({ scenarios: [scenario] }))
    const attached = [...files].find(([path]) => path.startsWith('data/'))
    expect(attached?.[1]).toBe(text)
    const page = files.get('index.html') ?? ''
    expect(page).toContain(`href="${attached?.[0]}"`)
    expect(page.length).toBeLessThan(text.length)
  })
})

describe('junit.xml', () => {
  it('is well-formed XML whatever the texts hold', () => {
    expect(casesOf(hostileRecord()).flat()).toEqual(expect.arrayContaining(['failure']))
  })

  it('tells a failed set-up as a case of its own', () => {
    const record = sampleRecord({ scenarios: [], faults: ['the lab did not come up'] })
    expect(casesOf(record)).toHaveLength(1)
  })
})

describe('report.schema.json', () => {
  it('is what the reader checks by', async () => {
    const { renderReportSchema } = await import('#reports/record/record-schema.ts')
    const published = readFileSync(
      join(import.meta.dirname, '..', 'record', 'report.schema.json'),
      'utf8',
    )
    expect(JSON.parse(published)).toEqual(JSON.parse(renderReportSchema()))
  })
})
