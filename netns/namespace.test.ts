import { spawnSync } from 'node:child_process'
import { existsSync, readlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { NetworkNamespace } from './namespace.ts'

const current = (): string => readlinkSync('/proc/thread-self/ns/net')

/** Runs a script in a Node process of its own, where it may do what would harm this one. */
function runScript(script: string, wrapper: readonly string[] = []) {
  const preamble = `
    import fs from 'node:fs'
    import { NetworkNamespace } from '${import.meta.dirname}/namespace.ts'
    const current = () => fs.readlinkSync('/proc/thread-self/ns/net')`
  const node = [process.execPath, '--input-type=module', '--eval', `${preamble}\n${script}`]
  return spawnSync('env', [...wrapper, ...node], { encoding: 'utf8' })
}

describe('NetworkNamespace', () => {
  it('runs an action inside and comes back', () => {
    using namespace = NetworkNamespace.create()
    const home = current()
    const inside = namespace.run(current)
    expect(inside).not.toBe(home)
    expect(namespace.run(current)).toBe(inside)
    expect(current()).toBe(home)
  })

  it('comes back from an action that throws', () => {
    using namespace = NetworkNamespace.create()
    const home = current()
    expect(() =>
      namespace.run(() => {
        throw new Error('thrown inside')
      }),
    ).toThrow('thrown inside')
    expect(current()).toBe(home)
  })

  it('comes back to the outer namespace from a hop within a hop', () => {
    using outer = NetworkNamespace.create()
    using inner = NetworkNamespace.create()
    const [before, within, after] = outer.run(() => {
      const start = current()
      return [start, inner.run(current), current()]
    })
    expect(within).not.toBe(before)
    expect(after).toBe(before)
  })

  it('rejects an action that returns a promise, back home', () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    const home = current()
    expect(() => namespace.run(() => Promise.resolve())).toThrow(
      'run in the network namespace kong-a returned a promise',
    )
    expect(current()).toBe(home)
  })

  it('opens a namespace by its path', () => {
    using namespace = NetworkNamespace.create()
    using same = NetworkNamespace.open(namespace.path)
    expect(same.run(current)).toBe(namespace.run(current))
  })

  it('leaves no descriptor behind, and says so when it is used after that', () => {
    const namespace = NetworkNamespace.create({ label: 'kong-a' })
    const { path } = namespace
    expect(existsSync(path)).toBe(true)
    namespace[Symbol.dispose]()
    namespace[Symbol.dispose]()
    expect(existsSync(path)).toBe(false)
    expect(() => namespace.run(() => {})).toThrow('The network namespace kong-a is closed')
  })

  it('keeps the thread pool at home, even when its first work is asked for inside', () => {
    const { stdout, stderr } = runScript(`
      const home = current()
      using namespace = NetworkNamespace.create()
      let pending
      namespace.run(() => { pending = fs.promises.readlink('/proc/thread-self/ns/net') })
      console.log((await pending) === home)`)
    expect({ stdout, stderr }).toEqual({ stdout: 'true\n', stderr: '' })
  })

  it('ends the process when there is no way home', () => {
    const { signal, stdout, stderr } = runScript(`
      const home = current()
      using namespace = NetworkNamespace.create()
      namespace.run(() => {
        for (const fd of fs.readdirSync('/proc/self/fd')) {
          try {
            if (fs.readlinkSync('/proc/self/fd/' + fd) === home) fs.closeSync(Number(fd))
          } catch {}
        }
      })
      console.log('lived on')`)
    expect({ signal, stdout }).toEqual({ signal: 'SIGABRT', stdout: '' })
    expect(stderr).toContain('Cannot return to the network namespace this process came from: EBADF')
  })
})

describe('a named NetworkNamespace', () => {
  const inPrivateMounts = [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    'mount -t tmpfs tmpfs /run && exec "$@"',
    'sh',
  ]

  it('is seen by ip netns while it lives, and not after', () => {
    const script = `
      import { execFileSync } from 'node:child_process'
      const list = () => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).trim()
      const namespace = NetworkNamespace.create({ name: 'kong-a' })
      const inside = namespace.run(current)
      console.log(list())
      const id = execFileSync('ip', ['netns', 'exec', 'kong-a', 'readlink', '/proc/self/ns/net'])
      console.log(id.toString().trim() === inside)
      namespace[Symbol.dispose]()
      console.log(JSON.stringify(list()), fs.readdirSync('/run/netns').length)`
    const { stdout, stderr } = runScript(script, inPrivateMounts)
    expect({ stdout, stderr }).toEqual({ stdout: 'kong-a\ntrue\n"" 0\n', stderr: '' })
  })

  it('does not mind that its name was removed by another', () => {
    const script = `
      import { execFileSync } from 'node:child_process'
      {
        using namespace = NetworkNamespace.create({ name: 'kong-a' })
        execFileSync('ip', ['netns', 'delete', 'kong-a'])
      }
      console.log(fs.readdirSync('/run/netns').length)`
    const { stdout, stderr } = runScript(script, inPrivateMounts)
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' })
  })

  it('has a name that is one folder entry', () => {
    expect(() => NetworkNamespace.create({ name: '../kong-a' })).toThrow(
      'Cannot name a network namespace "../kong-a"',
    )
  })

  it('leaves one of the same name as it was', () => {
    const script = `
      using first = NetworkNamespace.create({ name: 'kong-a' })
      const fds = fs.readdirSync('/proc/self/fd').length
      try {
        NetworkNamespace.create({ name: 'kong-a' })
      } catch (error) {
        console.log(error.code, fs.readdirSync('/proc/self/fd').length === fds)
      }
      using again = NetworkNamespace.open('/run/netns/kong-a')
      console.log(again.run(current) === first.run(current))`
    const { stdout, stderr } = runScript(script, inPrivateMounts)
    expect({ stdout, stderr }).toEqual({ stdout: 'EEXIST true\ntrue\n', stderr: '' })
  })
})
