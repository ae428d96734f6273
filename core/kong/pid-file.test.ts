import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { claimPrefix, processStart, runningPid } from './pid-file.ts'

async function temporaryPrefix(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'prefix-'))
  await mkdir(join(folder.path, 'pids'))
  return { path: folder.path, [Symbol.asyncDispose]: () => folder.remove() }
}

describe('claimPrefix', () => {
  it('writes the process id, finds it again, and leaves nothing when disposed', async () => {
    await using prefix = await temporaryPrefix()
    {
      using _claim = claimPrefix(prefix.path)
      expect(await readFile(join(prefix.path, 'pids/nginx.pid'), 'utf8')).toBe(`${process.pid}\n`)
      expect(runningPid(prefix.path)).toBe(process.pid)
    }
    expect(runningPid(prefix.path)).toBeUndefined()
    expect(await readdir(join(prefix.path, 'pids'))).toEqual([])
  })

  it('refuses a prefix whose node runs', async () => {
    await using prefix = await temporaryPrefix()
    const child = spawn('sleep', ['60'])
    try {
      await writeFile(join(prefix.path, 'pids/nginx.pid'), `${child.pid}\n`)
      expect(() => claimPrefix(prefix.path)).toThrow(`Kong is already running in ${prefix.path}`)
      expect(await readdir(join(prefix.path, 'pids'))).toEqual(['nginx.pid'])
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    using _claim = claimPrefix(prefix.path)
    expect(runningPid(prefix.path)).toBe(process.pid)
  })

  it('takes over from a process whose id now belongs to another', async () => {
    await using prefix = await temporaryPrefix()
    const pids = join(prefix.path, 'pids')
    const parent = process.ppid
    await writeFile(join(pids, 'nginx.pid'), `${parent}\n`)
    await writeFile(join(pids, `${parent}.start`), `${processStart(parent)}\n`)
    expect(runningPid(prefix.path)).toBe(parent)
    await writeFile(join(pids, `${parent}.start`), '1\n')
    expect(runningPid(prefix.path)).toBeUndefined()
    using _claim = claimPrefix(prefix.path)
    expect(await readdir(pids)).toEqual([`${process.pid}.start`, 'nginx.pid'])
  })

  it.each(['', 'rubbish', '-1', '0', '4194305'])(
    'takes a pid file with %j for a stale one',
    async (text) => {
      await using prefix = await temporaryPrefix()
      await writeFile(join(prefix.path, 'pids/nginx.pid'), text)
      expect(runningPid(prefix.path)).toBeUndefined()
      using _claim = claimPrefix(prefix.path)
      expect(runningPid(prefix.path)).toBe(process.pid)
    },
  )
})

describe('processStart', () => {
  it('does not count a zombie as running', async () => {
    // The shell's child ends and is not reaped, because exec has replaced the shell that would have.
    const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'])
    try {
      const [line] = await once(parent.stdout, 'data')
      const pid = Number(String(line))
      await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /)
      expect(processStart(pid)).toBeUndefined()
    } finally {
      parent.kill('SIGKILL')
    }
  })
})
