import { mkdtempDisposable, readFile, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openLogFile } from './log-file.ts'

describe('openLogFile', () => {
  it('has every line in the file, in order, when it is closed', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'log-'))
    const path = join(folder.path, 'error.log')
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index} ${'x'.repeat(50)}`)
    {
      await using file = openLogFile(path)
      for (const [index, line] of lines.entries()) {
        file.append(line)
        // Lets writes begin while lines still come.
        if (index % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    expect(await readFile(path, 'utf8')).toBe(`${lines.join('\n')}\n`)
  })

  it('writes nothing after it was closed, whoever has its descriptor by then', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'log-'))
    const closed = openLogFile(join(folder.path, 'closed.log'))
    await closed[Symbol.asyncDispose]()
    // The lowest free descriptor is given first: this one has the number of the other.
    await using heir = openLogFile(join(folder.path, 'heir.log'))
    closed.append('too late')
    closed.flushSync()
    heir.append('in time')
    await expect.poll(() => readFile(heir.path, 'utf8'), { interval: 5 }).toContain('in time')
    expect(await readFile(heir.path, 'utf8')).toBe('in time\n')
  })

  it('shows a line soon, without being closed', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'log-'))
    const path = join(folder.path, 'error.log')
    await using file = openLogFile(path)
    file.append('hello')
    await expect.poll(() => readFile(path, 'utf8'), { interval: 5 }).toBe('hello\n')
  })

  it('goes on in a new file after a rotation and loses nothing', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'log-'))
    const path = join(folder.path, 'error.log')
    {
      await using file = openLogFile(path)
      file.append('before')
      file.flushSync()
      await rename(path, `${path}.1`)
      file.append('between')
      file.reopen()
      file.append('after')
    }
    const old = await readFile(`${path}.1`, 'utf8')
    const fresh = await readFile(path, 'utf8')
    expect(old).toBe('before\n')
    expect(fresh).toBe('between\nafter\n')
  })

  it('drops lines rather than memory when the disk does not keep up, and says how many', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'log-'))
    const path = join(folder.path, 'error.log')
    const long = 'x'.repeat(1024 * 1024)
    {
      await using file = openLogFile(path)
      // No turn of the event loop in between: nothing is written meanwhile.
      for (let count = 0; count < 12; count++) file.append(long)
    }
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    expect(lines.at(-1)).toBe('(3 lines dropped: the disk was too slow)')
    expect(lines).toHaveLength(10)
  })
})
