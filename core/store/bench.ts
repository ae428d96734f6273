/**
 * Measures how long a change takes from one process to another: from the call of `write` to the watcher's callback,
 * over 100 changes, with polling too rare to help. Also what watching costs while nothing happens.
 */
import { spawn } from 'node:child_process'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { openTestPostgres } from './open-test-postgres.ts'
import { openPostgresStore } from './postgres-store.ts'
import { openSqliteStore } from './sqlite-store.ts'
import type { Store } from './store.ts'

const changes = 100
const idleMs = 3000
const options = { pollMs: 600_000 }

interface Subject {
  readonly name: string
  readonly targetMs: number
  readonly store: Store
  /** The program that opens the same store as `store`. */
  readonly program: string
}

await using folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-bench-'))
await using server = await openTestPostgres()
const file = join(folder.path, 'kong.sqlite')
const target = await server.createDatabase()
const subjects: readonly Subject[] = [
  {
    name: 'SQLite',
    targetMs: 100,
    store: await openSqliteStore(file, options),
    program: `
      import { openSqliteStore } from '#core/store/sqlite-store.ts'
      await using store = await openSqliteStore(${JSON.stringify(file)})`,
  },
  {
    name: 'PostgreSQL',
    targetMs: 300,
    store: await openPostgresStore(target, options),
    program: `
      import { openPostgresStore } from '#core/store/postgres-store.ts'
      await using store = await openPostgresStore(${JSON.stringify(target)})`,
  },
]

console.log(`Propagation of ${changes} changes from one process to another, ms`)
console.table(
  Object.fromEntries(await Array.fromAsync(subjects, async (each) => [each.name, await row(each)])),
)

async function row({
  store,
  program,
  targetMs,
}: Subject): Promise<Readonly<Record<string, string>>> {
  await using owned = store
  const heard = new Map<number, bigint>()
  using _listening = owned.watch((version) => {
    // One callback may tell of several changes; a change is known when its version or a later one is.
    const now = process.hrtime.bigint()
    for (let known = version; known > 0 && !heard.has(known); known -= 1) heard.set(known, now)
  })
  const written = await write(program)
  const deadline = performance.now() + 10_000
  while (heard.size < changes && performance.now() < deadline) await sleep(5)
  const times = written.flatMap(([version, at]) => {
    const known = heard.get(version)
    return known === undefined ? [] : [Number(known - at) / 1e6]
  })
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  const before = process.cpuUsage()
  await sleep(idleMs)
  const { user, system } = process.cpuUsage(before)
  return {
    heard: `${times.length}`,
    median: at(0.5).toFixed(2),
    '95th': at(0.95).toFixed(2),
    max: at(1).toFixed(2),
    target: at(0.95) < targetMs ? `met: 95th < ${targetMs}` : `MISSED: 95th >= ${targetMs}`,
    'idle CPU': `${(((user + system) / 1000 / idleMs) * 100).toFixed(2)} %`,
  }
}

/** Lets another process make the changes; returns their versions and the moments before them (CLOCK_MONOTONIC). */
async function write(program: string): Promise<readonly (readonly [number, bigint])[]> {
  const source = `
    import { books, book } from '#core/store/store-samples.ts'
    ${program}
    for (let n = 1; n <= ${changes}; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 20))
      const at = process.hrtime.bigint()
      await store.write((transaction) => transaction.insert(books, book('b' + n)))
      console.log(n + ' ' + at)
    }`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', source], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = await Array.fromAsync(createInterface({ input: child.stdout }))
  return lines.map((line) => {
    const [version = '', at = ''] = line.split(' ')
    return [Number(version), BigInt(at)] as const
  })
}
