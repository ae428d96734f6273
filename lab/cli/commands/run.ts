import { chooseBackend } from '#lab/runtime/choose-backend.ts'
import { chooseProxy, renderProxy } from '#lab/topology/proxy-subject.ts'
import type { Console } from '#lab/cli/command.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'
import { runScenarios } from '#lab/cli/run-scenarios.ts'
import { orUsage } from '#lab/cli/wrong-value.ts'

/**
 * `meshyard run [SUITE …] [--topology TOPOLOGY] [--backend BACKEND] [--proxy PROXY] [-t PATTERN]`: 0 when all scenarios hold,
 * 1 when not.
 */
export function run(args: readonly string[], { env }: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      topology: { type: 'string' },
      backend: { type: 'string' },
      proxy: { type: 'string' },
      test: { type: 'string', short: 't' },
    },
    positionals: Number.POSITIVE_INFINITY,
  })
  return runScenarios({
    suites: positionals,
    topology: values.topology ?? (env['MESHYARD_TOPOLOGY'] || undefined),
    test: values.test,
    environment: {
      ...env,
      MESHYARD_BACKEND: orUsage(() => chooseBackend(values.backend, env)),
      MESHYARD_PROXY: renderProxy(orUsage(() => chooseProxy(values.proxy, env))),
    },
  })
}
