import { LabError } from '#lab/run/lab-error.ts'
import { backends, type Backend } from './runtime.ts'

/**
 * What a lab runs on: what its opener names, else MESHYARD_BACKEND, else namespaces.
 * @throws LabError for a name that is none of them.
 */
export function chooseBackend(
  named: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Backend {
  const wanted = named ?? (environment['MESHYARD_BACKEND'] || 'namespaces')
  const found = backends.find((each) => each === wanted)
  if (found !== undefined) return found
  const where = named === undefined ? ' in MESHYARD_BACKEND' : ''
  throw new LabError(
    `"${wanted}"${where} is nothing a lab can run on: use ${backends.join(' or ')}.`,
  )
}
