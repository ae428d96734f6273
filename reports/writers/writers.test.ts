import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseRunRecord } from '#reports/record/reader.ts'
import { renderReportSchema } from '#reports/record/record-schema.ts'
import type { RunRecord } from '#reports/record/record.ts'
import { sampleRecord, sampleScenario } from './sample-record.ts'
import { writers, type ReportFormat } from './write-reports.ts'

const folder = 'reports/out/run'
const hostile = `</script><script>alert(1)</script> "onload=x" '&<u> ]]> \u0000\u001b[31m\u202e`

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

const parsedSuites = z.array(
  z.object({
    tests: z.string(),
    failures: z.string(),
    errors: z.string(),
    skipped: z.string(),
    testcase: z.array(z.record(z.string(), z.unknown())),
  }),
)

/** `junit.xml` as a parser that is not ours reads it. */
function suitesOf(record: RunRecord): z.infer<typeof parsedSuites> {
  const xml = render('junit', record).get('junit.xml') ?? ''
  expect(XMLValidator.validate(xml)).toBe(true)
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    parseTagValue: false,
    isArray: (name) => name === 'testsuite' || name === 'testcase',
  })
  const { testsuites } = z
    .object({ testsuites: z.object({ testsuite: parsedSuites }) })
    .parse(parser.parse(xml))
  return testsuites.testsuite
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
    for (const verdict of ['passed', 'failed', 'unknown', 'skipped']) {
      expect(page).toContain(`data-verdict="${verdict}"`)
    }
    expect(page).toContain('What went wrong')
    expect(page).toContain('service-b saw a connection from kong-a')
    expect(page).toContain('tcpdump did not start: no packets of link mesh were seen')
    expect(page).toContain('kong-a to kong-b on mesh: TLS for service-b.test')
    expect(page).toContain('npm run lab:exec -- service-a ncat --recv-only 10.2.0.5 19000')
    expect(page).toContain('npm run scenarios -- scenarios/kong/tcp.scenario.ts')
  })

  it('opens what did not pass and folds the rest', () => {
    const page = pageOf(sampleRecord())
    const folds = [...page.matchAll(/data-verdict="(\w+)"[^>]*>\s*<details( open="open")?>/g)]
    expect(folds.map(([, verdict, open]) => [verdict, open !== undefined])).toEqual([
      ['passed', false],
      ['passed', false],
      ['failed', true],
      ['unknown', true],
      ['skipped', false],
      ['passed', false],
    ])
  })

  it('leads from the matrix and the list of troubles to scenarios that are there', () => {
    const page = pageOf(sampleRecord())
    const ids = new Set(Array.from(page.matchAll(/ id="([^"]+)"/g), ([, id]) => id))
    const targets = Array.from(page.matchAll(/href="#([^"]+)"/g), ([, target]) => target)
    expect(targets.filter((target) => target?.startsWith('s-')).length).toBeGreaterThan(8)
    expect(targets.filter((target) => !ids.has(target ?? ''))).toEqual([])
  })

  it('is well-formed whatever the texts hold', () => {
    for (const record of [sampleRecord(), hostileRecord()]) {
      const markup = pageOf(record)
        .replace('<!doctype html>', '')
        .replace(/<(style|script)>.*?<\/\1>/gs, '')
      expect(XMLValidator.validate(markup)).toBe(true)
    }
  })

  it('fetches nothing and allows no script but its own', () => {
    const page = pageOf(sampleRecord())
    const hashes = ['style', 'script'].map((element) => {
      const text = page.match(new RegExp(`<${element}>(.*)</${element}>`, 's'))?.[1] ?? ''
      expect(text.length).toBeGreaterThan(1000)
      return `sha256-${createHash('sha256').update(text).digest('base64')}`
    })
    const policy = page.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/)?.[1]
    expect(policy?.replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; style-src '${hashes[0]}'; script-src '${hashes[1]}'; base-uri 'none'; form-action 'none'`,
    )
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\/|@import|url\(/)
    // Such an attribute would be refused by the policy.
    expect(page).not.toMatch(/ (?:style|on\w+)="/)
  })

  it('keeps markup in titles, output and logs as text', () => {
    const page = pageOf(hostileRecord())
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page).not.toContain('<u>')
    expect(page).not.toMatch(/[\0\u202e]/)
    expect(page).toContain('&lt;/script&gt;&lt;script&gt;alert(1)')
  })

  it('says so when nothing ran', () => {
    const page = pageOf(sampleRecord({ scenarios: [], topologies: [], faults: ['No test ran.'] }))
    expect(page).toContain('This run had no scenarios.')
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
  it('keeps every character that XML can hold and names the others', () => {
    const [fault] = suitesOf(hostileRecord())[0]?.testcase ?? []
    const shown = hostile.replace('\0', String.raw`\u0000`).replace('\u001b', String.raw`\u001b`)
    expect(fault?.['error']).toMatchObject({ '#text': shown })
  })

  it('says of each case what became of it', () => {
    const [scenarios, units] = suitesOf(sampleRecord())
    const words = ['failure', 'error', 'skipped', 'flakyFailure']
    const outcome = (test: Readonly<Record<string, unknown>>): string =>
      words.filter((word) => word in test).join()
    expect(scenarios?.testcase.map(outcome)).toEqual([
      '',
      '',
      'failure',
      'error',
      'skipped',
      'flakyFailure',
    ])
    expect(units?.testcase.map(outcome)).toEqual(['', ''])
    expect(scenarios).toMatchObject({ tests: '6', failures: '1', errors: '1', skipped: '1' })
  })

  it('attaches the logs of scenarios that did not pass, at paths that exist', () => {
    const record = sampleRecord()
    const output = String(suitesOf(record)[0]?.testcase[2]?.['system-out'])
    const paths = Array.from(output.matchAll(/\[\[ATTACHMENT\|(.*)\]\]/g), ([, path]) => path)
    const files = render('junit', record)
    expect(paths).toHaveLength(2)
    expect(paths.map((path) => files.get(path?.replace(`${folder}/`, '') ?? ''))).toEqual(
      record.scenarios[2]?.logs.map(({ text }) => text),
    )
  })

  it('tells a failed set-up as a case of its own', () => {
    const record = sampleRecord({
      scenarios: [],
      units: [],
      faults: ['the lab did not come up\nport 8000 in use'],
    })
    expect(suitesOf(record)).toMatchObject([
      { tests: '1', errors: '1', testcase: [{ error: { message: 'the lab did not come up' } }] },
    ])
  })
})

describe('summary.md', () => {
  it('tells why each test that did not pass did not', () => {
    const summary =
      render('markdown', sampleRecord({ faults: ['no root'] })).get('summary.md') ?? ''
    expect(summary).toContain('| scenarios | 3 | 1 | 1 | 1 |')
    expect(summary).toContain('service-b saw a connection from kong-a')
    expect(summary).toContain('```text\nno root\n```')
  })

  it('lets no text close its code block or become markup', () => {
    const message = 'before\n```\n# after\n````'
    const scenario = sampleScenario({
      title: '<b>*x*',
      verdict: 'failed',
      failures: [{ message, stack: undefined }],
    })
    const summary = render('markdown', sampleRecord({ scenarios: [scenario] })).get('summary.md')
    expect(summary).toContain(`\`\`\`\`\`text\n${message}\n\`\`\`\`\``)
    expect(summary).toContain(String.raw`&lt;b\>\*x\*`)
  })
})

describe('report.schema.json', () => {
  const published = z
    .record(z.string(), z.unknown())
    .parse(
      JSON.parse(
        readFileSync(join(import.meta.dirname, '..', 'record', 'report.schema.json'), 'utf8'),
      ),
    )

  it('is what the reader checks by', () => {
    expect(published).toEqual(JSON.parse(renderReportSchema()))
  })

  it('accepts a report and refuses one with a fault', () => {
    const schema = z.fromJSONSchema(published)
    const report = render('json', sampleRecord()).get('report.json') ?? ''
    expect(schema.safeParse(JSON.parse(report)).success).toBe(true)
    const broken = report.replace('"verdict": "unknown"', '"verdict": "maybe"')
    expect(schema.safeParse(JSON.parse(broken)).success).toBe(false)
  })
})
