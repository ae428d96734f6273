import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { basename, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf } from '#lab/run/fault.ts'
import { projectRoot } from '#lab/run/home.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { parseTopology } from './parse-topology.ts'
import { readTopologyText } from './topology-text.ts'
import type { Topology } from './topology.ts'

/**
 * Reads YAML or JSON, standard input for `-`, or takes the default export of a TypeScript file.
 * @throws LabError when it cannot be read or describes no topology that can run: every fault with line and column.
 */
export async function readTopologyFile(path: string): Promise<Topology> {
  const name = basename(path, extname(path))
  const named = /^[a-z0-9-]{1,63}$/.test(name) && path !== '-' ? { name } : {}
  if (path.endsWith('.ts')) return parseTopology(await importDefault(path), path, named)
  const source = path === '-' ? 'standard input' : path
  const { value, faults, locate } = readTopologyText(readText(path))
  if (faults.length > 0) {
    throw new LabError(
      `The topology ${source} cannot be read:\n${faults.map((fault) => `  ${source}:${fault}`).join('\n')}`,
    )
  }
  return parseTopology(value, source, { ...named, locate })
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
  using _ = importableFromAnywhere()
  try {
    const module: unknown = await import(pathToFileURL(resolve(path)).href)
    const has = typeof module === 'object' && module !== null && 'default' in module
    found = has ? { value: await module.default } : undefined
  } catch (error) {
    if (error instanceof LabError) throw error
    throw new LabError(`Cannot load the topology ${path}: ${messageOf(error)}`)
  }
  if (found !== undefined) return found.value
  throw new LabError(`${path} has no default export; write "export default defineTopology({ … })".`)
}

/** A topology file stands anywhere, also where `meshyard` is not installed as a package. */
function importableFromAnywhere(): Disposable {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
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
