export interface TurnOptions {
  /** Longest wait for the task to begin, in ms. */
  readonly withinMs: number
  /** What to reject with after that; the task is then left out. */
  readonly late: () => Error
}

/** Lets tasks run one after the other, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<result>(task: () => Promise<result>, options?: TurnOptions): Promise<result> {
    if (options === undefined) return this.#queue(task)
    const { promise, resolve, reject } = Promise.withResolvers<result>()
    let late = false
    const timer = setTimeout(() => {
      late = true
      reject(options.late())
    }, options.withinMs)
    const begin = async (): Promise<void> => {
      clearTimeout(timer)
      if (!late) resolve(await task())
    }
    this.#queue(begin).catch(reject)
    return promise
  }

  /** Resolves when everything asked for so far is done. */
  async idle(): Promise<void> {
    await this.#last
  }

  #queue<result>(task: () => Promise<result>): Promise<result> {
    const turn = this.#last.then(task)
    this.#last = turn.catch(() => {})
    return turn
  }
}
