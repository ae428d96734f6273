import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { basename, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf } from '#lab/run/fault.ts'
import { projectRoot } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { parseTopology, TopologyError, type ParseOptions } from './parse-topology.ts'
import { readTopologyText } from './topology-text.ts'
import type { Topology } from './topology.ts'

/**
 * Reads YAML or JSON, standard input for `-`, or takes the default export of a TypeScript file.
 * @throws LabError when it cannot be read or describes no topology that can run: every fault with line and column.
 */
export async function readTopologyFile(path: string): Promise<Topology> {
  const name = basename(path, extname(path))
  const named = /^[a-z0-9-]{1,63}$/.test(name) && path !== '-' ? { name } : {}
  if (path.endsWith('.ts')) return readProgram(path, named)
  const source = path === '-' ? 'standard input' : path
  const { value, faults, locate } = readTopologyText(readText(path))
  if (faults.length > 0) {
    throw new LabError(
      `The topology ${source} cannot be read:\n${faults.map((fault) => `  ${source}:${fault}`).join('\n')}`,
    )
  }
  return parseTopology(value, source, { ...named, locate })
}

async function readProgram(path: string, named: { readonly name?: string }): Promise<Topology> {
  try {
    return parseTopology(await importDefault(path), path, named)
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error
    throw error.in(path, await readPlaces(path))
  }
}

/** Where in a program faults are; nothing when it is written in words that Node knows and the parser does not. */
async function readPlaces(path: string): Promise<ParseOptions['locate']> {
  // Only now: the parser takes longer to load than all else here.
  const { locateInProgram } = await import('./program-text.ts')
  try {
    return locateInProgram(readText(path))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    throw new LabError(`Cannot read the topology ${path}: ${messageOf(error)}`)
  }
}

async function importDefault(path: string): Promise<unknown> {
  let found: { readonly value: unknown } | undefined
  const url = pathToFileURL(resolve(path)).href
  using _ = importableFromAnywhere(url)
  try {
    const module: unknown = await import(url)
    const has = typeof module === 'object' && module !== null && 'default' in module
    found = has ? { value: await module.default } : undefined
  } catch (error) {
    if (error instanceof LabError) throw error
    throw new LabError(
      `Cannot load the topology ${path}${lineIn(path, error)}: ${messageOf(error)}`,
    )
  }
  if (found !== undefined) return found.value
  throw new LabError(`${path} has no default export; write "export default defineTopology({ … })".`)
}

/** `, line 3`, where an error tells which line of the file it is from. */
function lineIn(path: string, error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const file = resolve(path)
  const behind = [pathToFileURL(file).href, file].flatMap((each) => stack.split(each).slice(1))
  const line = behind.map((each) => /^:(\d+)/.exec(each)?.[1]).find((each) => each !== undefined)
  return line === undefined ? '' : `, line ${line}`
}

/** A topology file stands anywhere, also where `meshyard` is not installed as a package, or in one of CommonJS. */
function importableFromAnywhere(topology: string): Disposable {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === topology)
        return { url: topology, format: 'module-typescript', shortCircuit: true }
      if (specifier !== 'meshyard/topology') return next(specifier, context)
      const file = join(projectRoot, 'lab/topology/define-topology.ts')
      return { url: pathToFileURL(file).href, format: 'module-typescript', shortCircuit: true }
    },
  })
  return {
    [Symbol.dispose]: () => {
      hooks.deregister()
    },
  }
}
