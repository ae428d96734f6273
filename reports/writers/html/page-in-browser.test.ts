import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleRecord, sampleScenario } from '#reports/writers/sample-record.ts'
import { writeReports } from '#reports/writers/write-reports.ts'
import { anchorOf } from './anchor.ts'

const chromium = '/usr/bin/chromium'
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--dump-dom',
]
const attack = `</pre></script><script>document.title = 'attacked'</script><img src=x onerror="document.title = 'attacked'">`

/** What the page does once its script has run, where a browser is installed to tell. */
describe.skipIf(!existsSync(chromium))('index.html in Chromium', { timeout: 180_000 }, () => {
  let folder: string
  const scenario = sampleScenario({
    title: 'a log may hold anything',
    logs: [{ node: attack, name: attack, text: attack }],
  })

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'page-'))
    const record = sampleRecord()
    writeReports(
      folder,
      { ...record, scenarios: [...record.scenarios, scenario] },
      { folder, format: 'html' },
    )
  })

  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  it('keeps hostile text as text and opens the scenario its address names', async () => {
    const page = await open(`#${anchorOf(scenario.id)}`)
    // The script ran, so another could have.
    expect(page).toMatch(/<html[^>]* class="scripted"/)
    expect(page).toContain('<title>failed: Meshyard')
    expect(page).not.toMatch(/<title>attacked|<img/)
    const article = page.slice(page.indexOf(`id="${anchorOf(scenario.id)}"`))
    expect(article).toMatch(/^[^>]*>\s*<details open="">/)
  })

  it('filters by verdict, topology and absent word', async () => {
    expect(await shownBy('s:failed')).toBe('1 of 7')
    expect(await shownBy('s:passed @sidecars !tls')).toBe('2 of 7')
  })

  async function shownBy(query: string): Promise<string | undefined> {
    const page = await open(`#q=${encodeURIComponent(query)}`)
    return /id="shown">([^<]*)</.exec(page)?.[1]
  }

  async function open(fragment: string): Promise<string> {
    const profile = mkdtempSync(join(tmpdir(), 'profile-'))
    try {
      const { stdout } = await promisify(execFile)(
        chromium,
        [...flags, `--user-data-dir=${profile}`, `file://${folder}/index.html${fragment}`],
        { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
      )
      return stdout
    } finally {
      // Its helpers may still be writing when the browser has ended.
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    }
  }
})
