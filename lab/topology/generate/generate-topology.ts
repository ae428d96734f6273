import { LabError } from '#lab/run/lab-error.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { chain } from './chain.ts'
import { full, star } from './pods-on-a-switch.ts'

const shapes = { chain, star, full } as const
const most = 200

/** What a person may write for a generated topology. */
export const generatedNames = Object.keys(shapes).map((shape) => `${shape}:N`)

/**
 * The topology that a name such as `chain:10` stands for; undefined for a name of another form.
 * @throws LabError for a number that is none from 1 to 200.
 */
export function generateTopology(name: string): Topology | undefined {
  const [shape = '', count, ...rest] = name.split(':')
  if (!isShape(shape) || rest.length > 0) return undefined
  if (
    count === undefined ||
    !/^\d{1,4}$/.test(count) ||
    Number(count) < 1 ||
    Number(count) > most
  ) {
    throw new LabError(
      `The topology "${name}" has no number of sidecars: write one from 1 to ${most} after the colon, such as ${shape}:10.`,
    )
  }
  return shapes[shape](Number(count))
}

function isShape(text: string): text is keyof typeof shapes {
  return Object.hasOwn(shapes, text)
}
