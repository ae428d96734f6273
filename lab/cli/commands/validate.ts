import { count } from '#lab/cli/count.ts'
import type { Console } from '#lab/cli/command.ts'
import { parseFormat } from '#lab/cli/output-format.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { findTopology } from '#lab/topology/find-topology.ts'

/**
 * `meshyard validate [TOPOLOGY] [-o text|json]`: 0 when it can run, 1 with every fault when it cannot. With `--schema` the
 * JSON schema of topology files.
 */
export async function validate(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      output: { type: 'string', short: 'o', default: 'text' },
      schema: { type: 'boolean', default: false },
    },
    positionals: 1,
  })
  const { stdout } = console
  const json = (value: unknown): void => {
    stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
  }
  if (values.schema) {
    const { topologyJsonSchema } = await import('#lab/topology/schema-json.ts')
    json(topologyJsonSchema())
    return 0
  }
  const output = parseFormat(values.output, ['text', 'json'])
  try {
    const { name, summary, nodes, namespaces, links } = await findTopology(positionals[0])
    const counts = { nodes: nodes.length, namespaces: namespaces.length, links: links.length }
    if (output === 'json') json({ valid: true, name, summary, ...counts })
    else {
      stdout.write(
        `The topology ${name} can run: ${count(nodes, 'node')}, ${count(namespaces, 'namespace')}, ${count(links, 'link')}.\n`,
      )
    }
    return 0
  } catch (error) {
    if (!(error instanceof LabError) || output === 'text') throw error
    json({ valid: false, message: error.message })
    return 1
  }
}
