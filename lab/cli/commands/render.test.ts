import { chmod, mkdtempDisposable, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { render } from './render.ts'

async function run(...args: readonly string[]): Promise<string> {
  const stdout = new PassThrough()
  const code = await render(args, { stdout, stderr: new PassThrough(), env: {} })
  stdout.end()
  expect(code).toBe(0)
  return text(stdout)
}

describe('meshyard render', () => {
  it('writes to standard output, or the same to a file that only its owner reads', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'render-'))
    const file = join(folder.path, 'pods.yaml')
    const shown = await run('kubernetes', 'pods')
    expect(shown).toContain('kind: StatefulSet')
    expect(await run('kubernetes', 'pods', '-o', file)).toBe('')
    expect(await readFile(file, 'utf8')).toBe(shown)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await chmod(file, 0o644)
    await run('kubernetes', 'pods', '-o', file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it.each([
    [['kubernetes', '--image', ''], '"" is no image'],
    [['swarm', '--image', 'my image'], '"my image" is no image'],
    [['swarm', '--mount', 'modules'], '"modules" is no folder of another machine'],
    [['kubernetes', '--root', 'meshyard'], '"meshyard" is no folder of another machine'],
    [['kubernetes', '--store-password-file', '/dev/null'], 'The password of the store is empty'],
  ])('refuses %j, which no engine could run', async (line, message) => {
    await expect(run(...line)).rejects.toThrow(message)
  })

  it('refuses other engines, and options of the other one', async () => {
    await expect(run('nomad')).rejects.toThrow('Say for which engine: swarm or kubernetes.')
    await expect(run('kubernetes', '--mount', '/usr')).rejects.toThrow('--mount is for Swarm')
    await expect(run('swarm', '--store-password-file', 'x')).rejects.toThrow('is for Kubernetes')
    await expect(run('kubernetes', '--store-password-file', '/none')).rejects.toThrow('/none')
  })
})
