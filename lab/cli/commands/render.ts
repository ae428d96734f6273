import { closeSync, fchmodSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { UsageError, type Console } from '#lab/cli/command.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'
import { renderKubernetes } from '#lab/render/kubernetes/render-kubernetes.ts'
import { planWorkloads } from '#lab/render/plan-workloads.ts'
import { renderSwarm } from '#lab/render/swarm/render-swarm.ts'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { findTopology } from '#lab/topology/find-topology.ts'

const engines = ['swarm', 'kubernetes'] as const

/**
 * `meshyard render swarm|kubernetes [TOPOLOGY] [-o FILE|-] [--image IMAGE] [--root FOLDER] [--node FILE]`: a topology for
 * an engine that runs containers on many machines. For Swarm `--mount FOLDER`, for Kubernetes `--store-password-file FILE`.
 */
export async function render(args: readonly string[], console: Console): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    options: {
      output: { type: 'string', short: 'o', default: '-' },
      image: { type: 'string', default: 'meshyard' },
      root: { type: 'string', default: '/opt/meshyard' },
      node: { type: 'string', default: 'node' },
      mount: { type: 'string', multiple: true },
      'store-password-file': { type: 'string' },
    },
    positionals: 2,
  })
  const [named, wanted] = positionals
  const engine = engines.find((name) => name === named)
  if (engine === undefined) {
    throw new UsageError(`Say for which engine: ${engines.join(' or ')}.`)
  }
  const passwordFile = values['store-password-file']
  if (engine === 'swarm' && passwordFile !== undefined) {
    throw new UsageError(
      '--store-password-file is for Kubernetes: Swarm takes secrets from its own store.',
    )
  }
  if (engine === 'kubernetes' && values.mount !== undefined) {
    throw new UsageError(
      '--mount is for Swarm: with Kubernetes the image holds all that is needed.',
    )
  }
  const { image, root, node, mount } = values
  if (!/^\w[\w./:@-]*$/.test(image)) {
    throw new UsageError(
      `"${image}" is no image: write its name, such as registry.example/meshyard:1.`,
    )
  }
  for (const folder of [root, ...(mount ?? [])]) {
    if (!isAbsolute(folder)) {
      throw new UsageError(`"${folder}" is no folder of another machine: begin with a slash.`)
    }
  }
  const options = { image, root, node }
  const workloads = planWorkloads(await findTopology(wanted), options)
  const text =
    engine === 'swarm'
      ? renderSwarm(workloads, { ...options, ...(mount && { mounts: mount }) })
      : renderKubernetes(workloads, {
          ...options,
          ...(passwordFile !== undefined && { storePassword: readPassword(passwordFile) }),
        })
  write(text, values.output, console)
  return 0
}

function readPassword(file: string): string {
  let password: string
  try {
    password = readFileSync(file, 'utf8').trimEnd()
  } catch (error) {
    throw new LabError(`Cannot read the password of the store: ${messageOf(error)}`)
  }
  if (password !== '') return password
  throw new LabError(`The password of the store is empty: write one to ${file}.`)
}

function write(text: string, file: string, { stdout }: Console): void {
  if (file === '-') {
    stdout.write(text)
    return
  }
  try {
    const fd = openSync(file, 'w', 0o600)
    try {
      // There may be a password in it, and it may have been there for all to read.
      if (fstatSync(fd).isFile()) fchmodSync(fd, 0o600)
      writeFileSync(fd, text)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw new LabError(`Cannot write ${file}: ${messageOf(error)}`)
  }
}
