import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { messageOf } from '#lab/run/fault.ts'
import { isInsideLab } from './inside-lab.ts'
import { PageError } from './page.ts'
import { findLeftovers, judgeLeftovers } from './leftovers.ts'
import { parsePage } from './parse-page.ts'
import { renderResults } from './render-results.ts'
import { runPage } from './run-page.ts'
import { isInsideSandbox, runInSandbox } from './sandbox.ts'
import { updateOutputs } from './update-outputs.ts'

const usage = `Usage: node lab/docs-runner/main.ts <page.md> [--sandbox] [--json | --update]

Does what a Markdown page says, inside a bare lab, and compares what is printed with what the page says.
--sandbox   in throw-away network, mount and process namespaces instead, with the file system of this machine
--update    writes what is printed into the page, up to the first command that fails
Exit code: 0 the page is true, 1 it is not, 2 it cannot be run.`

/** @throws {Error} When the page cannot be run. */
async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      json: { type: 'boolean' },
      sandbox: { type: 'boolean' },
      update: { type: 'boolean' },
    },
    allowPositionals: true,
  })
  const [page] = positionals
  if (page === undefined || positionals.length > 1) throw new TypeError(usage)
  const text = await readFile(page, 'utf8')
  const steps = parsePage(text)
  if (values.sandbox === true && !isInsideSandbox()) {
    return await runInSandbox([process.execPath, import.meta.filename, ...argv])
  }
  if (!isInsideLab() && !isInsideSandbox()) {
    throw new PageError([
      'this is not a lab, and a page may end processes by name and change firewall rules; ' +
        'bring a bare lab up (npm run lab:up -- tutorial --bare) and run the page in its shell (npm run lab:shell), ' +
        'or add --sandbox',
    ])
  }
  const environment = pageEnvironment(process.env)
  const results = await runPage(steps, {
    folder: process.cwd(),
    environment,
    stepTimeoutMs: 60_000,
    goOn: values.update === true,
  })
  // In a lab there are processes of others.
  if (isInsideSandbox()) results.push(judgeLeftovers(findLeftovers()))
  if (values.update === true) await writeFile(page, updateOutputs(text, { steps, results }))
  process.stdout.write(values.json === true ? JSON.stringify(results) : renderResults(results))
  return results.every(({ verdict }) => verdict === 'true') ? 0 : 1
}

/** The lab's own environment; settings of Kong in it would change what the page shows. */
function pageEnvironment(inherited: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(inherited).flatMap(([name, value]) =>
    value === undefined || name.startsWith('KONG_') ? [] : [[name, value] as const],
  )
  return Object.fromEntries(kept)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 2
}
