import { existsSync, mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { commandTable } from '#lab/cli/command-table.ts'
import { projectRoot } from '#lab/run/home.ts'
import { processesWorkingIn } from '#lab/run/processes-working-in.ts'
import { readPlan, readRunState } from '#lab/run/run-folder.ts'
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
  }, 120_000)

  it('can be stopped by hand before its scope is left, and started again', async () => {
    await using first = await environment.withName('by-hand').start()
    await first.stop()
    await using second = await environment.withName('by-hand').start()
    expect(second.lab.name).toBe('by-hand')
  }, 120_000)

  it('is told whatever the command line is told', () => {
    const up = commandTable.find(({ name }) => name === 'up')
    const told: Readonly<Record<string, keyof MeshyardEnvironment>> = {
      '--bare': 'withoutProcesses',
      '--backend': 'withBackend',
      '--image': 'withImage',
      '--proxy': 'withProxy',
      '--key-log': 'withKeyLog',
      '--name': 'withName',
    }
    expect(up?.options.map(({ long }) => long).toSorted()).toEqual(Object.keys(told).toSorted())
    for (const method of Object.values(told)) expect(environment[method]).toBeTypeOf('function')
  })

  it('logs TLS secrets, in a folder that it is given, on a topology that is generated', async () => {
    using parent = mkdtempDisposableSync(join(tmpdir(), 'environment-'))
    const folder = join(parent.path, 'run')
    {
      await using yard = await new MeshyardEnvironment('chain:1')
        .withBackend('namespaces')
        .withoutProcesses()
        .withKeyLog()
        .withFolder(folder)
        .start()
      expect(yard.lab.folder).toBe(folder)
      expect(readPlan(folder).environment).toMatchObject({ SSLKEYLOGFILE: expect.any(String) })
      expect(yard.lab.topology.name).toBe('chain-1')
    }
    expect(existsSync(folder)).toBe(false)
  }, 120_000)

  it('gives up when it is told to, and leaves nothing running', async () => {
    using parent = mkdtempDisposableSync(join(tmpdir(), 'environment-'))
    const folder = join(parent.path, 'run')
    const signal = AbortSignal.timeout(50)
    const starting = environment.withFolder(folder).withSignal(signal).start()
    await expect(starting).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(processesWorkingIn(folder)).toEqual([])
  }, 120_000)

  it('runs another proxy, whatever MESHYARD_PROXY says, and refuses one that is not there', async () => {
    vi.stubEnv('MESHYARD_PROXY', 'command:/nowhere/else')
    try {
      const proxied = new MeshyardEnvironment('sidecars').withBackend('namespaces')
      await expect(proxied.start()).rejects.toThrow('/nowhere/else cannot be run')
      await expect(proxied.withProxy('command:/nowhere/kong').start()).rejects.toThrow(
        'The proxy /nowhere/kong cannot be run',
      )
      await expect(proxied.withProxy('image:kong:1.1.3').start()).rejects.toThrow(
        'add --backend containers',
      )
      await expect(proxied.withProxy('nginx').start()).rejects.toThrow('"nginx" is no proxy')
      const kong = join(projectRoot, 'core/bin/kong')
      await using yard = await proxied.withProxy(`command:${kong}`).start()
      expect(readRunState(yard.lab.folder)).toMatchObject({ proxy: `command:${kong}` })
      const { stdout } = await yard.node('service-a').exec('curl -si http://10.2.0.6:18000/')
      expect(stdout).toMatch(/^via: kong\//im)
    } finally {
      vi.unstubAllEnvs()
    }
  }, 120_000)

  it('names its nodes to who asks for another, and has no containers', async () => {
    await using yard = await environment.start()
    expect(() => yard.node('service-c')).toThrow(/no node "service-c"; it has service-a, kong-a/)
    expect(() => yard.node('service-a').networkMode()).toThrow(/withBackend\('containers'\)/)
  }, 120_000)
})
