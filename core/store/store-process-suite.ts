import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Store } from './store.ts'
import { book, books } from './store-samples.ts'

/** A store that this process and others can open. */
export interface SharedStore {
  open(): Promise<Store>
  /** Imports, and the expression that opens the same store in another process. */
  readonly program: { readonly imports: string; readonly open: string }
}

/** What holds when real processes share a store; `share` makes an empty one. */
export function describeProcesses(share: () => Promise<SharedStore>): void {
  describe('many processes', () => {
    it('lose nothing when three write at once, from the first moment on', async () => {
      const shared = await share()
      const writers = ['a', 'b', 'c'].map((name) =>
        runWriter(
          shared,
          `for (let n = 0; n < 40; n += 1) {
             await store.write((transaction) => transaction.insert(books, book(\`${name}-\${n}\`)))
             await store.counters.add([
               { key: 'both', by: 1, expiresAt: Date.now() + 60_000 },
               { key: '${name}', by: 1, expiresAt: Date.now() + 60_000 },
             ])
           }`,
        ),
      )
      expect(await Promise.all(writers.map(ended))).toEqual([0, 0, 0])
      await using store = await shared.open()
      expect(await store.read((view) => view.list(books))).toHaveLength(120)
      expect(await store.version()).toBe(120)
      expect(await store.counters.read(['both', 'a', 'b', 'c'])).toEqual([120, 40, 40, 40])
    }, 60_000)

    it('see nothing of a change whose writer is killed in its middle, and write on', async () => {
      const shared = await share()
      await using store = await shared.open()
      await store.write((transaction) => transaction.insert(books, book('a', { title: 'old' })))
      const halfway = async (begin: string): Promise<readonly string[]> => {
        const writer = runWriter(shared, begin)
        await line(writer)
        writer.kill('SIGKILL')
        await ended(writer)
        await store.write((transaction) => transaction.put(books, book('after')))
        const found = await store.read((view) => view.list(books))
        return found.map(({ id, title }) => `${id}:${title ?? ''}`)
      }
      const change = `
        await transaction.put(books, book('a', { title: 'new' }))
        await transaction.insert(books, book('b'))`
      const wait = `console.log('half'); await new Promise(() => setInterval(() => {}, 1000))`
      const inside = `await store.write(async (transaction) => { ${change}; ${wait} })`
      expect(await halfway(inside)).toEqual(['a:old', 'after:'])
      // The control: the same writer, killed after its change.
      const outside = `await store.write(async (transaction) => { ${change} }); ${wait}`
      expect(await halfway(outside)).toEqual(['a:new', 'after:', 'b:'])
    }, 60_000)

    it('find whole changes only, when writers are killed at many moments', async () => {
      // A pause in the middle, so that many kills come there.
      const pause = 'await new Promise((resolve) => setTimeout(resolve, 5))'
      const whole = `
        await store.write(async (transaction) => {
          await transaction.insert(books, book(id('x')))
          ${pause}
          await transaction.insert(books, book(id('y')))
        })`
      const counts = await countAfterKills(await share(), whole)
      expect(counts.map((count) => count % 2)).toEqual(killMoments.map(() => 0))
      // The control: the same kills break what is written in two changes.
      const halves = `
        await store.write((transaction) => transaction.insert(books, book(id('x'))))
        ${pause}
        await store.write((transaction) => transaction.insert(books, book(id('y'))))`
      await expect
        .poll(
          async () => (await countAfterKills(await share(), halves)).map((count) => count % 2),
          {
            timeout: 120_000,
          },
        )
        .toContain(1)
    }, 240_000)
  })
}

/** How long after its first change each writer is killed, in ms. */
const killMoments = fc.sample(fc.integer({ min: 0, max: 25 }), { numRuns: 8, seed: 20_261_121 })

/** Kills writers that repeat a change, one after the other; returns how many documents each of them has added. */
async function countAfterKills(shared: SharedStore, change: string): Promise<readonly number[]> {
  await using store = await shared.open()
  const counts: number[] = []
  let before = 0
  for (const [round, delayMs] of killMoments.entries()) {
    const writer = runWriter(
      shared,
      `for (let n = 0; ; n += 1) {
         const id = (half) => \`${round}-\${n}-\${half}\`
         ${change}
         if (n === 0) console.log('begun')
       }`,
    )
    await line(writer)
    await sleep(delayMs)
    writer.kill('SIGKILL')
    await ended(writer)
    // A write waits for what the killed writer has left behind in a server.
    await store.write((transaction) => transaction.get(books, ''))
    const { length } = await store.read((view) => view.list(books))
    counts.push(length - before)
    before = length
  }
  return counts
}

/** Runs a program that has the store open as `store`. */
function runWriter({ program }: SharedStore, source: string): ChildProcess {
  const whole = `
    import { books, book } from '#core/store/store-samples.ts'
    ${program.imports}
    await using store = ${program.open}
    ${source}
  `
  return spawn(process.execPath, ['--input-type=module-typescript', '--eval', whole], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Resolves with its first line, and rejects when it ends without one. */
async function line({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('The output of the writer is not read')
  for await (const text of createInterface({ input: stdout })) return text
  throw new Error('The writer ended without a word')
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const [code]: (number | null)[] = await once(child, 'exit')
  return code ?? null
}
