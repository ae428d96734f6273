import { LabError } from '#lab/run/lab-error.ts'
import type { AppliedFault } from './applied-fault.ts'
import type { FaultSpec, FaultStatus } from './fault-spec.ts'
import { LinkFaults } from './link-faults.ts'
import type { NodeControl } from './node-control.ts'
import { NodeFaults } from './node-faults.ts'
import { parseFault } from './parse-fault.ts'

/** Whether probes are sent over a link that is broken. Default: they are. */
export interface MeasureOption {
  readonly measure?: boolean
}

interface KnownFault {
  readonly id: string
  readonly spec: FaultSpec
  readonly since: Date
  readonly applied: AppliedFault
}

/** The faults of one lab, made and healed one at a time. */
export class Faults {
  readonly #lab: NodeControl
  readonly #links: LinkFaults
  readonly #nodes: NodeFaults
  #known: readonly KnownFault[] = []
  #count = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(lab: NodeControl) {
    this.#lab = lab
    this.#links = new LinkFaults(lab.plan, lab.runtime)
    this.#nodes = new NodeFaults(lab)
  }

  /** @throws LabError when it cannot be; nothing of it is left then. */
  add(value: unknown, { measure = true }: MeasureOption = {}): Promise<FaultStatus> {
    return this.#inTurn(async () => {
      const spec = parseFault(value, this.#lab.plan)
      const applied = await ('link' in spec
        ? this.#links.apply(spec, { measure })
        : this.#nodes.apply(spec))
      this.#count += 1
      const fault = { id: `f${this.#count}`, spec, since: new Date(), applied }
      if (applied.heal !== undefined) this.#known = [...this.#known, fault]
      return statusOf(fault)
    })
  }

  /**
   * Ends a fault, or all of them, the last one first.
   * @returns Those that were healed.
   * @throws LabError when there is none of that id, or it cannot be healed; it is then no longer listed.
   */
  heal(id: string | undefined): Promise<readonly FaultStatus[]> {
    return this.#inTurn(async () => {
      const healed = this.#known.filter((fault) => id === undefined || fault.id === id)
      if (healed.length === 0 && id !== undefined) throw this.#unknown(id)
      this.#known = this.#known.filter((fault) => !healed.includes(fault))
      const failures: unknown[] = []
      for (const { applied } of healed.toReversed()) {
        try {
          // oxlint-disable-next-line no-await-in-loop -- the way back is the way there, backwards
          await applied.heal?.()
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
      return healed.map(statusOf)
    })
  }

  /** Those in force, oldest first. */
  list(): readonly FaultStatus[] {
    return this.#known.map(statusOf)
  }

  #inTurn<result>(action: () => Promise<result>): Promise<result> {
    const turn = this.#last.then(action)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  #unknown(id: string): LabError {
    const ids = this.#known.map((fault) => fault.id)
    return new LabError(
      ids.length === 0
        ? `There is no fault ${id}: nothing is broken.`
        : `There is no fault ${id}; there are ${ids.join(', ')}.`,
    )
  }
}

function statusOf({ id, spec, since, applied }: KnownFault): FaultStatus {
  return {
    id,
    spec,
    state: applied.heal === undefined ? 'over' : 'active',
    since: since.toISOString(),
    by: applied.by,
    measured: applied.measured ?? [],
    packets: applied.packets?.(),
    note: applied.note,
  }
}
