import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MeshyardEnvironment } from './meshyard-environment.ts'

describe('a MeshyardEnvironment on namespaces', () => {
  const environment = new MeshyardEnvironment('sidecars')
    .withBackend('namespaces')
    .withoutProcesses()

  it('runs commands and scripts in its nodes, until its scope is left', async () => {
    let folder: string
    {
      await using yard = await environment.start()
      folder = yard.lab.folder
      const node = yard.node('service-a')
      expect(await node.exec(['echo', 'one  two'])).toMatchObject({ stdout: 'one  two\n' })
      expect(await node.exec('echo $((6 * 7)); exit 3')).toMatchObject({
        stdout: '42\n',
        exitCode: 3,
      })
    }
    expect(existsSync(folder)).toBe(false)
  }, 20_000)

  it('can be stopped by hand before its scope is left, and started again', async () => {
    await using first = await environment.withName('by-hand').start()
    await first.stop()
    await using second = await environment.withName('by-hand').start()
    expect(second.lab.name).toBe('by-hand')
  }, 20_000)

  it('names its nodes to who asks for another, and has no containers', async () => {
    await using yard = await environment.start()
    expect(() => yard.node('service-c')).toThrow(/no node "service-c"; it has service-a, kong-a/)
    expect(() => yard.node('service-a').networkMode()).toThrow(/withBackend\('containers'\)/)
  }, 20_000)
})
