import { writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { typed } from '#lab/cli/called-as.ts'
import { UsageError, type Console } from '#lab/cli/command.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'
import { errorCode, messageOf } from '#lab/run/fault.ts'
import { projectRoot } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { defaultTopology, findTopology, usualFiles } from '#lab/topology/find-topology.ts'
import { renderTopologyFile, type FileFormat } from '#lab/topology/render-topology-file.ts'

/** `meshyard init [FILE] [--from TOPOLOGY]`: writes a topology file that comes up as it stands; never over another file. */
export async function init(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: { from: { type: 'string', default: defaultTopology } },
    positionals: 1,
  })
  const [path = usualFiles[0]] = positionals
  const format = formats.get(extname(path))
  if (format === undefined) {
    throw new UsageError(`"${path}" is no topology file: end its name in .yaml, .json or .ts.`)
  }
  const topology = await findTopology(values.from)
  const schema = join(projectRoot, 'lab/topology/topology.schema.json')
  try {
    writeFileSync(path, renderTopologyFile(topology, { format, schema }), { flag: 'wx' })
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      throw new LabError(`${path} is there already; name another file, or remove it.`)
    }
    throw new LabError(`Cannot write ${path}: ${messageOf(error)}`)
  }
  const named = path === usualFiles[0] ? [] : [path]
  const tries = ['validate', 'up'].map((command) => `  ${typed(command, named, console.env)}\n`)
  console.stdout.write(`${path} holds the topology ${topology.name}. Try:\n${tries.join('')}`)
  return 0
}

const formats: ReadonlyMap<string, FileFormat> = new Map([
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['.json', 'json'],
  ['.ts', 'ts'],
])
