import { join } from 'node:path'
import { UsageError, type Console } from '#lab/cli/command.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'
import { runReports } from '#lab/cli/run-reports.ts'
import { refuseTopology, runScenarios } from '#lab/cli/run-scenarios.ts'
import { orUsage } from '#lab/cli/wrong-value.ts'
import { refuseProxy } from '#lab/client/bring-up.ts'
import { projectRoot } from '#lab/run/home.ts'
import { chooseBackend } from '#lab/runtime/choose-backend.ts'
import { chooseProxy, renderProxy } from '#lab/topology/proxy-subject.ts'

/**
 * `meshyard diff RUN RUN [-o table|json]`, or `meshyard diff --proxy A --proxy B [SUITE …] [--topology TOPOLOGY]`, which
 * runs the suites with each and then compares: 0 when nothing but time differs, else 1.
 */
export async function diff(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      proxy: { type: 'string', multiple: true },
      topology: { type: 'string' },
      output: { type: 'string', short: 'o', default: 'table' },
    },
    positionals: Number.POSITIVE_INFINITY,
  })
  const output = parseFormat(values.output, ['table', 'json'])
  refuseTopology(values.topology)
  const show = ['--output', output]
  if (values.proxy === undefined) {
    if (positionals.length !== 2) throw new UsageError('Name two runs, or two proxies by --proxy.')
    return runReports(['diff', ...positionals, ...show], console)
  }
  const chosen = values.proxy.map((text) => orUsage(() => chooseProxy(text, console.env)))
  if (chosen.length !== 2) throw new UsageError('Name two proxies: --proxy A --proxy B.')
  // Before minutes are spent on the first.
  const backend = orUsage(() => chooseBackend(undefined, console.env))
  for (const each of chosen) refuseProxy(each, backend)
  const proxies = chosen.map(renderProxy)
  const parent = join(
    projectRoot,
    'reports/out',
    `diff-${new Date().toISOString().replaceAll(/[-:.]/g, '')}`,
  )
  const folders: string[] = []
  for (const [index, proxy] of proxies.entries()) {
    const folder = join(parent, index === 0 ? 'a' : 'b')
    console.stderr.write(`Scenarios with the proxy ${proxy}:\n`)
    // One after the other: they share the machine, and durations are compared.
    // oxlint-disable-next-line no-await-in-loop
    const code = await runScenarios({
      suites: positionals,
      topology: values.topology,
      environment: { ...console.env, MESHYARD_PROXY: proxy, MESHYARD_REPORTS: folder },
      // What was asked for is what differs.
      tellOn: 'stderr',
    })
    // Somebody has had enough.
    if (code > 128) return code
    folders.push(join(folder, 'latest'))
  }
  const labels = proxies.flatMap((proxy) => ['--label', proxy])
  return runReports(['diff', ...folders, ...labels, ...show], console)
}
