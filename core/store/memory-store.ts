import { Listeners } from './listeners.ts'
import { MemoryCounters } from './memory-counters.ts'
import { MemoryTables } from './memory-tables.ts'
import { RevivedLists } from './revived-lists.ts'
import { RuledTransaction } from './ruled-transaction.ts'
import type { Store, StoreTransaction, StoreView } from './store.ts'
import { Turns } from './turns.ts'

/** A store that lives and dies with its process. */
export function openMemoryStore(): Store {
  return new MemoryStore()
}

class MemoryStore implements Store {
  readonly counters = new MemoryCounters()
  readonly #tables = new MemoryTables()
  readonly #turns = new Turns()
  readonly #lists = new RevivedLists()
  readonly #listeners = new Listeners(0)
  #version = 0

  async version(): Promise<number> {
    return this.#version
  }

  read<result>(work: (view: StoreView) => Promise<result>): Promise<result> {
    return this.#turns.take(async () => {
      const view = new RuledTransaction(this.#tables, this.#version, this.#lists)
      try {
        return await work(view)
      } finally {
        view.close()
      }
    })
  }

  async write<result>(work: (transaction: StoreTransaction) => Promise<result>): Promise<result> {
    const { result, changed } = await this.#turns.take(async () => {
      const transaction = new RuledTransaction(this.#tables, this.#version, this.#lists)
      try {
        const outcome = await work(transaction)
        this.#tables.commit()
        if (transaction.changed) this.#version += 1
        return { result: outcome, changed: transaction.changed ? this.#version : undefined }
      } catch (error) {
        this.#tables.rollback()
        throw error
      } finally {
        transaction.close()
      }
    })
    if (changed !== undefined) await this.#listeners.tell(changed)
    return result
  }

  watch(listener: (version: number) => void | Promise<void>): Disposable {
    return this.#listeners.add(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear()
    await this.#turns.idle()
  }
}
