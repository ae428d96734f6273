import { readFileSync } from 'node:fs'
import { LabError } from '#lab/run/lab-error.ts'
import { parseTopology } from './parse-topology.ts'
import type { Topology } from './topology.ts'
import { messageOf } from '#lab/run/fault.ts'

/** @throws LabError when the file cannot be read, is no JSON or describes no topology that can run. */
export function readTopologyFile(path: string): Topology {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new LabError(`Cannot read the topology ${path}: ${messageOf(error)}`)
  }
  return parseTopology(value, path)
}
