import { isHealthy } from '#lab/doctor/check.ts'
import { diagnose } from '#lab/doctor/diagnose.ts'
import { ask, fixesOf, mend } from '#lab/doctor/mend.ts'
import { renderChecks } from '#lab/doctor/render-checks.ts'
import { UsageError, type Console } from '#lab/cli/command.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'

/** `meshyard doctor [-o table|json] [--fix [--yes]]`: 0 when all that labs need works, 1 otherwise. */
export async function doctor(args: readonly string[], console: Console): Promise<number> {
  const { values } = parseArguments(args, {
    options: {
      output: { type: 'string', short: 'o', default: 'table' },
      fix: { type: 'boolean', default: false },
      yes: { type: 'boolean', default: false },
    },
    positionals: 0,
  })
  const { fix, yes } = values
  const output = parseFormat(values.output, ['table', 'json'])
  if (yes && !fix) throw new UsageError('--yes goes with --fix.')
  const { stdout, stderr, env } = console
  let checks = await diagnose(env)
  const interactive = process.stdin.isTTY && process.stderr.isTTY
  if (fix && fixesOf(checks).length > 0) {
    if (output === 'table') stdout.write(renderChecks(checks, stdout))
    const consents = yes
      ? () => Promise.resolve(true)
      : interactive
        ? () => ask('Run it?')
        : () => Promise.resolve(false)
    const run = await mend(checks, { out: stderr, environment: env, consents })
    if (!yes && !interactive) stderr.write('Nothing was run: add --yes to run these.\n')
    if (run === 0) return isHealthy(checks) ? 0 : 1
    checks = await diagnose(env)
  }
  stdout.write(
    output === 'json'
      ? `${JSON.stringify({ healthy: isHealthy(checks), checks }, undefined, 2)}\n`
      : renderChecks(checks, stdout),
  )
  return isHealthy(checks) ? 0 : 1
}
