import { MutantError } from './apply-mutant.ts'
import { chooseMutants } from './choose-mutants.ts'
import { mutate } from './mutate.ts'
import { allMutants } from './mutants/all-mutants.ts'
import { parseOptions, usage } from './parse-options.ts'
import { renderMutant, renderResult, renderSummary } from './render-results.ts'
import { scoreOf } from './score.ts'
import { controls, controlsHold } from './self-check.ts'

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupted.abort(new MutantError('interrupted')))
}
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof MutantError) && !(error instanceof TypeError)) throw error
  console.error(error.message)
  if (error instanceof TypeError) console.error(usage)
  process.exitCode = interrupted.signal.aborted ? 130 : 2
}

/** Returns the exit code: 1 = too few mutants were killed. */
async function main(argv: readonly string[]): Promise<number> {
  const { action, only, json, atOnce } = parseOptions(argv)
  const mutants =
    action === 'self-check' ? Object.values(controls) : chooseMutants(allMutants, only)
  const say = json ? () => {} : (message: string): void => console.log(message)
  if (action === 'list') {
    console.log(json ? JSON.stringify(mutants, null, 2) : mutants.map(renderMutant).join('\n'))
    return 0
  }
  const startedMs = performance.now()
  const results = await mutate(mutants, {
    atOnce,
    signal: interrupted.signal,
    onResult: (result) => say(renderResult(result)),
    say,
  })
  if (action === 'self-check') {
    const holds = controlsHold(results)
    say(holds ? 'the deadly one was killed, the harmless one survived' : 'the controls do not hold')
    return holds ? 0 : 1
  }
  const score = scoreOf(results)
  const durationMs = Math.round(performance.now() - startedMs)
  if (json) console.log(JSON.stringify({ score, durationMs, results }, null, 2))
  say(renderSummary(results))
  say(`in ${(durationMs / 1000).toFixed(0)} s`)
  return score.passes ? 0 : 1
}
