import { openLab, type Lab } from '#lab/lab.ts'
import type { Topology } from '#lab/topology/topology.ts'

/** A lab is some hundred megabytes. */
const mostKept = 8

/** A lab that nobody uses; undefined when it was found unfit and has gone down. */
interface Shelved {
  readonly key: string
  readonly lab: Promise<Lab | undefined>
}

/** Labs between those who use them, as they came up. Disposing of it takes them down. */
export class LabShelf implements AsyncDisposable {
  /** The one that was given back last is the last. */
  #shelved: readonly Shelved[] = []

  /** A lab of a topology as it is when it has come up: one that was given back, or a new one. */
  async take(topology: Topology): Promise<Lab> {
    const key = JSON.stringify(topology)
    const found = this.#shelved.find((each) => each.key === key)
    if (found === undefined) return openLab(topology, { keyLog: true })
    this.#shelved = this.#shelved.filter((each) => each !== found)
    return (await found.lab) ?? this.take(topology)
  }

  /** Resets a lab for the next one; when its state then differs from that of its beginning it goes down. */
  async giveBack(topology: Topology, lab: Lab): Promise<void> {
    const cleaned = clean(lab)
    // Whoever takes it, or takes the shelf down, hears of it.
    cleaned.catch(() => {})
    this.#shelved = [...this.#shelved, { key: JSON.stringify(topology), lab: cleaned }]
    const [oldest] = this.#shelved
    if (this.#shelved.length <= mostKept || oldest === undefined) return
    this.#shelved = this.#shelved.slice(1)
    await takeDown(oldest)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const shelved = this.#shelved
    this.#shelved = []
    await Promise.all(shelved.map(takeDown))
  }
}

async function clean(lab: Lab): Promise<Lab | undefined> {
  const report = await lab.reset().catch(() => undefined)
  if (report?.clean === true) return lab
  await lab[Symbol.asyncDispose]()
  return undefined
}

async function takeDown({ lab }: Shelved): Promise<void> {
  await (await lab)?.[Symbol.asyncDispose]()
}
