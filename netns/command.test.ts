import { readlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runInNamespace } from './command.ts'
import { NetworkNamespace } from './namespace.ts'

describe('runInNamespace', () => {
  it('runs a command inside', async () => {
    using namespace = NetworkNamespace.create()
    const inside = namespace.run(() => readlinkSync('/proc/thread-self/ns/net'))
    const { stdout } = await runInNamespace(namespace, ['readlink', '/proc/self/ns/net'])
    expect(stdout).toBe(`${inside}\n`)
  })

  it('returns output and exit code of a command that fails', async () => {
    using namespace = NetworkNamespace.create()
    const script = 'echo out; echo err >&2; exit 3'
    expect(await runInNamespace(namespace, ['sh', '-c', script])).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
    })
  })

  it('hands over input, environment and folder as they are, with no shell between', async () => {
    using namespace = NetworkNamespace.create()
    const script = 'cat; echo "$GREETING $PWD $1"'
    const { stdout } = await runInNamespace(namespace, ['/bin/sh', '-c', script, 'sh', '$(id)'], {
      input: 'in ',
      env: { GREETING: 'hello' },
      cwd: '/proc',
    })
    expect(stdout).toBe('in hello /proc $(id)\n')
  })

  it('does not mind a command that ends without reading its input', async () => {
    using namespace = NetworkNamespace.create()
    const input = 'x'.repeat(1_000_000)
    const { exitCode } = await runInNamespace(namespace, ['true'], { input })
    expect(exitCode).toBe(0)
  })

  it('counts the signal that ended a command as shells do', async () => {
    using namespace = NetworkNamespace.create()
    const { exitCode } = await runInNamespace(namespace, ['sh', '-c', 'kill -TERM $$'])
    expect(exitCode).toBe(143)
  })

  it('ends a command that takes too long, also while a child of it holds the pipes', async () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    const argv = ['sh', '-c', 'sleep 2; true'] as const
    await expect(runInNamespace(namespace, argv, { timeoutMs: 50 })).rejects.toThrow(
      '"sh -c sleep 2; true" in kong-a did not end within 50 ms',
    )
  })

  it('ends a command with the reason of the signal', async () => {
    using namespace = NetworkNamespace.create()
    const abort = new AbortController()
    const run = runInNamespace(namespace, ['sleep', '2'], { signal: abort.signal })
    abort.abort(new Error('the lab goes down'))
    await expect(run).rejects.toThrow('the lab goes down')
    await expect(runInNamespace(namespace, ['true'], { signal: abort.signal })).rejects.toThrow(
      'the lab goes down',
    )
  })

  it('names a program that is not there', async () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    await expect(runInNamespace(namespace, ['no-such-program'])).rejects.toThrow(
      'Cannot start "no-such-program" in kong-a: spawn no-such-program ENOENT',
    )
  })
})
