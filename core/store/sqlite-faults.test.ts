import { execFile } from 'node:child_process'
import { mkdtempDisposable, open, rename, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openSqliteStore } from './sqlite-store.ts'
import { book, books } from './store-samples.ts'

const run = promisify(execFile)
const privately = ['--mount', '--propagation', 'private']

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'meshyard-store-'))
  onTestFinished(() => folder.remove())
  return folder.path
}

/**
 * Runs a program with a file system of its own at `disk`, one megabyte large, which nobody else sees and which is gone
 * with the program; returns what it says.
 */
async function runOnSmallDisk(source: string): Promise<string> {
  const disk = await temporaryFolder()
  const whole = `
    import { execFileSync } from 'node:child_process'
    import { readdirSync } from 'node:fs'
    import { openSqliteStore } from '#core/store/sqlite-store.ts'
    import { books, book } from '#core/store/store-samples.ts'
    const file = ${JSON.stringify(join(disk, 'kong.sqlite'))}
    const mount = (options) =>
      execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', ${JSON.stringify(disk)}])
    const tell = (error) => console.log(error.name, error.code, error.message)
    mount('size=1m')
    ${source}
  `
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const { stdout } = await run(
    'unshare',
    [
      ...asRoot,
      ...privately,
      '--',
      process.execPath,
      '--input-type=module-typescript',
      '--eval',
      whole,
    ],
    { cwd: import.meta.dirname },
  )
  return stdout
}

describe('a disk', () => {
  it('that is full refuses the change, keeps all that was there, and goes on when there is room', async () => {
    const said = await runOnSmallDisk(`
      import { rmSync, writeFileSync } from 'node:fs'
      await using store = await openSqliteStore(file)
      await store.write((transaction) => transaction.insert(books, book('first')))
      writeFileSync(file + '.ballast', 'x'.repeat(400_000))
      const filler = 'y'.repeat(100_000)
      let written = 0
      const insert = async () => {
        await store.write((transaction) => transaction.insert(books, book(\`n\${written}\`, { title: filler + written })))
        written += 1
      }
      try { for (;;) await insert() } catch (error) { tell(error) }
      const found = await store.read((view) => view.list(books))
      console.log(found.length === written + 1, await store.version() === written + 1)
      rmSync(file + '.ballast')
      await insert()
      console.log((await store.read((view) => view.list(books))).length === written + 1)
    `)
    const [fault, ...rest] = said.trimEnd().split('\n')
    expect(fault).toMatch(
      /^StoreUnavailableError store-full Cannot use .*kong\.sqlite: .*full; free some space/,
    )
    expect(rest).toEqual(['true true', 'true'])
  })

  it('that is read-only is named when the file is opened, which takes no harm', async () => {
    const said = await runOnSmallDisk(`
      const store = await openSqliteStore(file)
      await store.write((transaction) => transaction.insert(books, book('first')))
      await store[Symbol.asyncDispose]()
      mount('remount,ro')
      await openSqliteStore(file).catch(tell)
      mount('remount,rw')
      await using again = await openSqliteStore(file)
      console.log((await again.read((view) => view.list(books))).length)
    `)
    expect(said.trimEnd().split('\n')).toEqual([
      expect.stringMatching(
        /^MeshError store-open-failed Cannot open .*kong\.sqlite: .*(?:readonly|unable to open).*; let this user write/,
      ),
      '1',
    ])
  })
})

describe('a file', () => {
  it('that is damaged is named, whether it is being opened or used', async () => {
    const file = join(await temporaryFolder(), 'kong.sqlite')
    const first = await openSqliteStore(file)
    for (let n = 0; n < 50; n += 1) {
      const document = book(`${n}`, { title: `${n} ${'z'.repeat(2000)}` })
      await first.write((transaction) => transaction.insert(books, document))
    }
    await first[Symbol.asyncDispose]()
    await using store = await openSqliteStore(file)
    // Everything but the first page, where the layout is.
    const { size } = await stat(file)
    await using handle = await open(file, 'r+')
    await handle.write(Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096)
    await expect(store.read((view) => view.list(books))).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      code: 'store-damaged',
      message: expect.stringContaining(`Cannot use ${file}`),
    })
    await handle.write(Buffer.alloc(4096, 0xa5), 0, 4096, 0)
    await expect(openSqliteStore(file)).rejects.toMatchObject({
      code: 'store-open-failed',
      message: expect.stringContaining(`Cannot open ${file}`),
    })
  })

  it('that somebody keeps locked makes writers wait and give up in time, and nobody else', async () => {
    const file = join(await temporaryFolder(), 'kong.sqlite')
    const timeoutMs = 400
    await using store = await openSqliteStore(file, { timeoutMs })
    await store.write((transaction) => transaction.insert(books, book('a')))
    using other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    const started = performance.now()
    const many = Array.from({ length: 50 }, (_, n) =>
      store.write((transaction) => transaction.insert(books, book(`b${n}`))),
    )
    // A reader has its answer before the first writer has given up.
    const refused = Promise.race(many).catch(() => 'refused')
    expect(await Promise.race([store.version(), refused])).toBe(1)
    const outcomes = await Promise.allSettled(many)
    // One after the other they would take 20 s.
    expect(performance.now() - started).toBeLessThan(2 * timeoutMs + 8000)
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { name: 'StoreUnavailableError', code: 'store-busy' },
      })
    }
    expect(await store.read((view) => view.list(books))).toHaveLength(1)
    other.exec('ROLLBACK')
    await store.write((transaction) => transaction.insert(books, book('b')))
    expect(await store.version()).toBe(2)
  })

  it('that was taken away is told at once by everything, until it is put back', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'kong.sqlite')
    await using store = await openSqliteStore(file)
    await store.write((transaction) => transaction.insert(books, book('a')))
    const questions = {
      version: () => store.version(),
      read: () => store.read((view) => view.list(books)),
      write: () => store.write((transaction) => transaction.put(books, book('b'))),
      counters: () => store.counters.read(['a']),
    }
    await rename(file, join(folder, 'elsewhere'))
    const gone = { name: 'StoreUnavailableError', code: 'store-unreachable' }
    for (const ask of Object.values(questions)) await expect(ask()).rejects.toMatchObject(gone)
    // Another file in its place is not the same.
    await (await open(file, 'w')).close()
    for (const ask of Object.values(questions)) await expect(ask()).rejects.toMatchObject(gone)
    await rename(join(folder, 'elsewhere'), file)
    for (const ask of Object.values(questions)) await ask()
    expect(await store.version()).toBe(2)
  })
})
