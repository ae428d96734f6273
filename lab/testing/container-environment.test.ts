import { GenericContainer, Wait } from 'testcontainers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import Docker from 'dockerode'
import { hostBinds, provideHostImage } from '#lab/runtime/containers/host-image.ts'
import { MeshyardEnvironment, type StartedMeshyardEnvironment } from './meshyard-environment.ts'

describe('a MeshyardEnvironment on containers', () => {
  let yard: StartedMeshyardEnvironment
  beforeAll(async () => {
    // The lab ends by itself, and what is started here by its scope: no image of a reaper is pulled.
    vi.stubEnv('TESTCONTAINERS_RYUK_DISABLED', 'true')
    yard = await new MeshyardEnvironment('sidecars').withBackend('containers').start()
  }, 180_000)
  afterAll(async () => {
    vi.unstubAllEnvs()
    await yard.stop()
  }, 180_000)

  it('takes a container of testcontainers into the network of a node', async () => {
    const image = await provideHostImage(new Docker())
    await using container = await new GenericContainer(image)
      .withNetworkMode(yard.node('service-b').networkMode())
      .withBindMounts(
        hostBinds().map((bind) => {
          const [source = '', target = ''] = bind.split(':')
          return { source, target, mode: 'ro' as const }
        }),
      )
      .withCommand([
        'ncat',
        '--listen',
        '--keep-open',
        '--verbose',
        '--sh-exec',
        'echo mine',
        '10.2.0.5',
        '4444',
      ])
      .withWaitStrategy(Wait.forLogMessage('Listening on 10.2.0.5:4444'))
      .start()
    expect(container.getId()).not.toBe('')
    const { stdout } = await yard.node('kong-b').exec('ncat --recv-only 10.2.0.5 4444')
    expect(stdout).toBe('mine\n')
  })

  it('asks the engine for a proxy that is an image', async () => {
    const named = new MeshyardEnvironment('sidecars')
      .withBackend('containers')
      .withProxy('image:nobody-has-it:1')
    await expect(named.start()).rejects.toThrow(
      'The container engine has no image "nobody-has-it:1"',
    )
  })

  it('goes through both proxies, as on namespaces', async () => {
    const ask = (seconds: number): string =>
      `curl --silent --max-time ${seconds} http://10.2.0.5:18000`
    expect((await yard.node('service-a').exec(ask(20))).exitCode).toBe(0)
    await yard.node('kong-a').stop()
    expect((await yard.node('service-a').exec(ask(3))).exitCode).not.toBe(0)
    await yard.node('kong-a').start()
    expect((await yard.node('service-a').exec(ask(20))).exitCode).toBe(0)
  })
})
