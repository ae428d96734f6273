import { LabError } from '#lab/run/lab-error.ts'
import type { AppliedFault } from './applied-fault.ts'
import { behindClock } from './clock.ts'
import type { NodeFaultSpec } from './fault-spec.ts'
import { Holds } from './holds.ts'
import type { NodeControl } from './node-control.ts'
import { resetNode } from './reset-node.ts'
import { takeStoreDown } from './store-down.ts'

/** How long what a Kong node signs is valid, in days. */
const kongLifetimeDays = 7_300

/** The faults of a lab's nodes. What one of them holds another does not let go: a paused node that is restarted is paused. */
export class NodeFaults {
  readonly #lab: NodeControl
  readonly #killed = new Holds<'killed'>()
  readonly #paused = new Holds<'paused'>()
  /** What its processes run behind: the newest counts. */
  readonly #clocks = new Holds<readonly string[]>()
  readonly #store = new Holds<AppliedFault>()

  constructor(lab: NodeControl) {
    this.#lab = lab
  }

  async apply(spec: NodeFaultSpec): Promise<AppliedFault> {
    switch (spec.kind) {
      case 'kill':
        return this.#kill(spec.node)
      case 'pause':
        return this.#pause(spec.node)
      case 'restart':
        refuseIdle(spec.node, this.#lab)
        await this.#restart(spec.node)
        return { by: 'signal' }
      case 'reset':
        return resetNode(spec.node, this.#lab, spec)
      case 'clock':
        return this.#changeClock(spec.node, spec.offset)
      case 'expired-certificate': {
        const days = (spec.lifetimeDays ?? kongLifetimeDays) + 1
        return this.#changeClock(spec.node, `-${days}d`)
      }
      case 'store-down':
      default:
        return this.#takeStoreDown()
    }
  }

  async #kill(node: string): Promise<AppliedFault> {
    refuseIdle(node, this.#lab)
    await this.#lab.stopNode(node, 'SIGKILL')
    const letGo = this.#killed.hold(node, 'killed')
    return {
      by: 'signal',
      heal: () => {
        letGo()
        return this.#start(node)
      },
    }
  }

  #pause(node: string): AppliedFault {
    refuseIdle(node, this.#lab)
    const letGo = this.#paused.hold(node, 'paused')
    this.#signal(node, 'SIGSTOP')
    return {
      by: 'signal',
      heal: async () => {
        letGo()
        if (!this.#paused.has(node)) this.#signal(node, 'SIGCONT')
      },
    }
  }

  async #changeClock(node: string, offset: string): Promise<AppliedFault> {
    refuseIdle(node, this.#lab)
    const letGo = this.#clocks.hold(node, await behindClock(offset, this.#lab.runtime.backend))
    const heal = async (): Promise<void> => {
      const before = this.#clocks.of(node).at(-1)
      letGo()
      if (this.#clocks.of(node).at(-1) !== before) await this.#restart(node)
    }
    try {
      await this.#restart(node)
    } catch (error) {
      await heal()
      throw error
    }
    return { by: 'libfaketime', note: `restarted, ${offset}`, heal }
  }

  async #takeStoreDown(): Promise<AppliedFault> {
    const down = this.#store.of('store')[0] ?? (await takeStoreDown(this.#lab))
    const letGo = this.#store.hold('store', down)
    return {
      ...down,
      heal: async () => {
        letGo()
        if (!this.#store.has('store')) await down.heal?.()
      },
    }
  }

  async #restart(node: string): Promise<void> {
    // One that is held up hears nothing else.
    await this.#lab.stopNode(node, this.#paused.has(node) ? 'SIGKILL' : 'SIGTERM')
    await this.#start(node)
  }

  async #start(node: string): Promise<void> {
    const wrapper = this.#clocks.of(node).at(-1) ?? []
    for (const process of this.#lab.processesOf(node)) process.runBehind(wrapper)
    if (this.#killed.has(node)) return
    await this.#lab.startNode(node)
    if (this.#paused.has(node)) this.#signal(node, 'SIGSTOP')
  }

  #signal(node: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const process of this.#lab.processesOf(node)) process.signal(signal)
  }
}

function refuseIdle(node: string, lab: NodeControl): void {
  const processes = lab.processesOf(node)
  if (processes.some((process) => process.alive)) return
  throw new LabError(
    processes.length === 0
      ? `The node ${node} runs nothing that a fault could hit.`
      : `All that the node ${node} runs has ended: heal what ended it, or reset the lab, which starts it again.`,
  )
}
