import { execFileSync } from 'node:child_process'
import { constants, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { loggingHost, passRequests, pathsOf } from '#core/kong/plugins/log-record/logged.ts'
import { fileLog } from './file-log.ts'

interface Folder extends AsyncDisposable {
  readonly file: string
}

async function openFolder(): Promise<Folder> {
  const folder = await mkdtemp(join(tmpdir(), 'file-log-'))
  return {
    file: join(folder, 'requests.log'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

/** Paths of the records in a file; there must be whole lines only. */
async function readPaths(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(() => '\n')
  expect(text.endsWith('\n')).toBe(true)
  return pathsOf(text.split('\n').filter((line) => line !== ''))
}

describe('file-log', () => {
  it('has the settings, defaults and place of Kong 1.1', () => {
    expect(sampleConfig(fileLog, { path: '/tmp/a.log' })).toEqual({
      path: '/tmp/a.log',
      reopen: false,
    })
    expect(fileLog.priority).toBe(9)
    expect(pluginEntityFaults(fileLog, { config: { path: '/tmp/*.log' } })).toEqual({
      config: { path: 'not a valid filename' },
    })
  })

  it('appends each record as a line', async () => {
    await using folder = await openFolder()
    const { file } = folder
    await using host = loggingHost()
    const filter = sampleFilter(fileLog, { path: file }, host)
    await passRequests(filter, ['/1', '/2'])
    await expect.poll(() => readPaths(file)).toEqual(['/1', '/2'])
    expect((await stat(file)).mode & 0o777 & ~0o644).toBe(0)
  })

  it('keeps what is in the file, and shares it with others', async () => {
    await using folder = await openFolder()
    const { file } = folder
    await using host = loggingHost()
    await writeFile(file, `${JSON.stringify({ request: { uri: '/0' } })}\n`)
    const filters = [1, 2].map(() => sampleFilter(fileLog, { path: file }, host))
    await Promise.all(
      filters.map((filter, at) =>
        passRequests(
          filter,
          Array.from({ length: 100 }, (_, n) => `/${at}/${n}`),
        ),
      ),
    )
    await expect.poll(() => readPaths(file)).toHaveLength(201)
    expect((await readPaths(file))[0]).toBe('/0')
  })

  it.for([
    [true, 1],
    [false, 2],
  ] as const)('opens the file anew each time: %s', async ([reopen, before]) => {
    await using folder = await openFolder()
    const { file } = folder
    const host = loggingHost()
    const filter = sampleFilter(fileLog, { path: file, reopen }, host)
    await passRequests(filter, ['/1'])
    await expect.poll(() => readPaths(file)).toEqual(['/1'])
    await rename(file, `${file}.old`)
    await passRequests(filter, ['/2'])
    await host[Symbol.asyncDispose]()
    expect(await readPaths(`${file}.old`)).toHaveLength(before)
    expect(await readPaths(file)).toEqual(before === 1 ? ['/2'] : [])
  })

  it('does not let a node stop before everything is written', async () => {
    await using folder = await openFolder()
    const { file } = folder
    const host = loggingHost()
    const paths = Array.from({ length: 500 }, (_, at) => `/${at}`)
    await passRequests(sampleFilter(fileLog, { path: file }, host), paths)
    await host[Symbol.asyncDispose]()
    expect(await readPaths(file)).toEqual(paths)
  })

  it('writes what comes after its end, too', async () => {
    await using folder = await openFolder()
    const { file } = folder
    await using host = loggingHost()
    const filter = sampleFilter(fileLog, { path: file }, host)
    host.retire()
    await passRequests(filter, ['/late'])
    await expect.poll(() => readPaths(file)).toEqual(['/late'])
  })

  it('says why it cannot write', async () => {
    await using folder = await openFolder()
    const path = join(folder.file, 'below')
    const host = loggingHost()
    await writeFile(folder.file, '')
    await passRequests(sampleFilter(fileLog, { path }, host), ['/1'])
    await host[Symbol.asyncDispose]()
    expect(host.lines.join()).toMatch(
      new RegExp(`dropped 1 record.*failed to write to the file ${path}: ENOTDIR`),
    )
  })

  it('is not stopped by a pipe that nobody reads', async () => {
    await using folder = await openFolder()
    execFileSync('mkfifo', [folder.file])
    const host = loggingHost()
    await passRequests(sampleFilter(fileLog, { path: folder.file }, host), ['/1'])
    await host[Symbol.asyncDispose]()
    expect(host.lines.join()).toMatch(/ENXIO/)
  })

  it('waits for a pipe that is full', async () => {
    await using folder = await openFolder()
    execFileSync('mkfifo', [folder.file])
    // Opened for both, so that opening does not wait.
    await using reader = await open(folder.file, constants.O_RDWR | constants.O_NONBLOCK)
    const host = loggingHost()
    const paths = Array.from({ length: 500 }, (_, at) => `/${at}`)
    await passRequests(sampleFilter(fileLog, { path: folder.file }, host), paths)
    let text = ''
    const drain = async (): Promise<number> => {
      const buffer = Buffer.alloc(1024 * 1024)
      const { bytesRead } = await reader.read(buffer)
      text += buffer.toString('utf8', 0, bytesRead)
      return text.split('\n').length
    }
    // A pipe holds 64 KiB; the records are more than that.
    await expect.poll(drain, { interval: 1 }).toBe(501)
    await host[Symbol.asyncDispose]()
    expect(text.length).toBeGreaterThan(64 * 1024)
    expect(pathsOf(text.trimEnd().split('\n'))).toEqual(paths)
    expect(host.lines).toEqual([])
  })
})
