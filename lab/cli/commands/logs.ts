import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isUp } from '#lab/client/end-lab.ts'
import { LineReader } from '#lab/holder/line-reader.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { readPlan, readRunState } from '#lab/run/run-folder.ts'
import { nodeLogs } from '#lab/topology/plan.ts'
import type { Console } from '#lab/cli/command.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { findTarget, nameOption, parseArguments } from '#lab/cli/parse-arguments.ts'
import { findNode } from '#lab/cli/running-lab.ts'

const everyMs = 100

/**
 * `meshyard logs [NODE] [-f] [-o text|json] [--name NAME]`: every line with the log it is from, as JSON an object each; also
 * of a lab that failed to come up.
 */
export async function logs(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      ...nameOption,
      follow: { type: 'boolean', short: 'f', default: false },
      output: { type: 'string', short: 'o', default: 'text' },
    },
    positionals: 1,
  })
  const output = parseFormat(values.output, ['text', 'json'])
  const { name, folder } = findTarget(values.name, console)
  const state = readRunState(folder)
  if (state === undefined) throw new LabError(`There is no lab named ${name}.`)
  const plan = readPlan(folder)
  const [wanted] = positionals
  const nodes = wanted === undefined ? plan.nodes : [findNode({ plan, state }, wanted)]
  const readers = nodes.flatMap((node) =>
    nodeLogs(plan, node.name).map((log) => ({
      node: node.name,
      log: log.name,
      reader: new LineReader(join(folder, log.file), { from: 'start' }),
    })),
  )
  const print = (): void => {
    for (const { node, log, reader } of readers) {
      for (const line of reader.next()) {
        const shown =
          output === 'json' ? JSON.stringify({ node, log, line }) : `${node} ${log} | ${line}`
        console.stdout.write(`${shown}\n`)
      }
    }
  }
  print()
  // Whoever read it may be gone.
  while (values.follow && isUp(state) && console.stdout.writable) {
    await delay(everyMs)
    print()
  }
  return 0
}
