import type { Fault, Faults } from '#core/kong/schema/faults.ts'
import { plainRecord } from '#core/kong/schema/plain-record.ts'

/** Where something stands in a document: names of fields, and positions in lists from 0. */
export type Place = readonly (string | number)[]

type Branch = Leaf | Table | List
interface Table {
  [name: string]: Branch
}
type List = (Branch | null)[]

/** What is said of one place; kept apart, so that it can be joined with what is said of places below it. */
class Leaf {
  readonly fault: Fault

  constructor(fault: Fault) {
    this.fault = fault
  }
}

/** Puts faults together in the shape of the document that they are about. */
export class FaultTree {
  readonly #root: Table = plainRecord<Branch>()

  /** Records a fault; of several about one place, or about parts of a place that is wrong as a whole, the first stays. */
  add(place: Place, fault: Fault): void {
    if (typeof fault !== 'string' && !isList(fault)) {
      for (const [name, inner] of Object.entries(fault)) this.add([...place, name], inner)
      return
    }
    let at: Branch = this.#root
    for (const [depth, step] of place.entries()) {
      if (at instanceof Leaf) return
      const last = depth === place.length - 1
      const next: Branch | null | undefined = childOf(at, step)
      const branch: Branch =
        next ??
        (last ? new Leaf(fault) : typeof place[depth + 1] === 'number' ? [] : plainRecord<Branch>())
      if (next === undefined || next === null) put(at, step, branch)
      at = branch
    }
  }

  /** undefined = no fault. */
  found(): Faults | undefined {
    if (Object.keys(this.#root).length === 0) return undefined
    return plainRecord(Object.entries(this.#root).map(([name, branch]) => [name, plain(branch)]))
  }
}

export function isList(fault: Exclude<Fault, string>): fault is readonly (Fault | null)[] {
  return Array.isArray(fault)
}

function childOf(branch: Exclude<Branch, Leaf>, step: string | number): Branch | null | undefined {
  if (Array.isArray(branch)) return typeof step === 'number' ? branch[step] : undefined
  return branch[step]
}

function put(branch: Exclude<Branch, Leaf>, step: string | number, value: Branch): void {
  if (!Array.isArray(branch)) {
    branch[step] = value
    return
  }
  if (typeof step !== 'number') return
  while (branch.length < step) branch.push(null)
  branch[step] = value
}

function plain(branch: Branch): Fault {
  if (branch instanceof Leaf) return branch.fault
  if (Array.isArray(branch)) return branch.map((element) => element && plain(element))
  return plainRecord(Object.entries(branch).map(([name, inner]) => [name, plain(inner)]))
}
