import { seededRandom } from './random.ts'
import type { Shape } from './shape.ts'

/** What a queue does to packets, each known by the number that the kernel gave it. */
export type QueueShape = Pick<Shape, 'delayMs' | 'jitterMs' | 'loss' | 'reorder' | 'seed'>

export interface DuePacket {
  readonly id: number
  readonly atMs: number
}

/** Packets that may be held at once; what comes on top is lost, as on a router. */
const capacity = 20_000

/** Decides about one packet after the other and keeps those that have to wait, the next one due first. Pure but for its state. */
export class Verdicts {
  readonly #shape: QueueShape
  #random: () => number
  /** In the order of their times; those before `#head` are gone. */
  #waiting: DuePacket[] = []
  #head = 0

  constructor(shape: QueueShape) {
    this.#shape = shape
    this.#random = seededRandom(shape.seed)
  }

  /** Begins with the first packet again. */
  restart(): void {
    this.#random = seededRandom(this.#shape.seed)
  }

  get nextAtMs(): number | undefined {
    return this.#waiting[this.#head]?.atMs
  }

  /** Each packet takes the same number of random ones, so that a changed delay changes nothing about which are lost. */
  decide(id: number, nowMs: number): 'accept' | 'drop' | 'wait' {
    const { delayMs, jitterMs, loss, reorder } = this.#shape
    const isLost = this.#random() < loss
    const overtakes = this.#random() < reorder
    const deviation = this.#random() * 2 - 1
    if (isLost) return 'drop'
    const heldMs = overtakes ? 0 : Math.max(0, delayMs + deviation * jitterMs)
    if (heldMs === 0) return 'accept'
    if (this.#waiting.length - this.#head >= capacity) return 'drop'
    this.#insert({ id, atMs: nowMs + heldMs })
    return 'wait'
  }

  /** Those whose time has come, in their order. */
  takeDue(nowMs: number): readonly DuePacket[] {
    let end = this.#head
    while ((this.#waiting[end]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs) end += 1
    const due = this.#waiting.slice(this.#head, end)
    this.#head = end
    if (this.#head > 1_024 || this.#head === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return due
  }

  takeAll(): readonly DuePacket[] {
    return this.takeDue(Number.MAX_VALUE)
  }

  /** Mostly at the end: without jitter times only grow. */
  #insert(packet: DuePacket): void {
    let at = this.#waiting.length
    while (at > this.#head && (this.#waiting[at - 1]?.atMs ?? 0) > packet.atMs) at -= 1
    if (at === this.#waiting.length) this.#waiting.push(packet)
    else this.#waiting.splice(at, 0, packet)
  }
}
