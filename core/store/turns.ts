/** Lets tasks run one after the other, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<result>(task: () => Promise<result>): Promise<result> {
    const turn = this.#last.then(task)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Resolves when everything asked for so far is done. */
  async idle(): Promise<void> {
    await this.#last
  }
}
