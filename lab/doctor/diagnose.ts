import { checkContainers } from './check-containers.ts'
import { checkLeftovers } from './check-leftovers.ts'
import { judgeMachine, readMachine } from './check-machine.ts'
import { checkNamespaces } from './check-namespaces.ts'
import { checkTools } from './check-tools.ts'
import { categories, type Check } from './check.ts'

/** Finds out what this machine can do for labs, by doing it. Takes a second or two and leaves nothing. */
export async function diagnose(environment: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const [namespaces, tools, containers] = await Promise.all([
    checkNamespaces(),
    checkTools(environment),
    checkContainers(environment),
  ])
  const found = [namespaces, tools, containers, checkLeftovers(environment)].flat()
  return [...judgeMachine(readMachine(), environment), ...found].toSorted(
    (a, b) => categories.indexOf(a.category) - categories.indexOf(b.category),
  )
}
