import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectEngine } from '#lab/runtime/containers/engine.ts'
import { hostBinds, provideHostImage } from '#lab/runtime/containers/host-image.ts'
import { projectRoot } from '#lab/run/home.ts'
import { planWorkloads } from '#lab/render/plan-workloads.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import { store } from '#lab/render/store.ts'
import { providePostgres } from './stand-in-postgres.ts'
import { renderSwarm } from './render-swarm.ts'

const stack = 'yard'

/** A swarm leaves a network on its engine, so it is made on none but one that ends with the test. */
const isPrivate = /meshyard-docker\./.test(process.env['DOCKER_HOST'] ?? '')

describe('a stack in a swarm of one machine', () => {
  beforeAll(async () => {
    if (!isPrivate) return
    const engine = await connectEngine()
    const image = await provideHostImage(engine)
    await providePostgres(engine, store.image)
    const node = realpathSync(process.execPath)
    const options = {
      image,
      root: projectRoot,
      node,
      mounts: [
        ...hostBinds().map((bind) => bind.split(':')[0] ?? bind),
        ...foldersOf(projectRoot, node),
      ],
    }
    const text = renderSwarm(planWorkloads(await findTopology('pods'), options), options)
    await using folder = await mkdtempDisposable(join(tmpdir(), 'stack-'))
    const file = join(folder.path, 'stack.yaml')
    await writeFile(file, text)
    docker(['swarm', 'init', '--advertise-addr', 'docker0'])
    docker(['secret', 'create', store.secret, '-'], 'a password of this test')
    docker(['stack', 'deploy', '--resolve-image', 'never', '--compose-file', file, stack])
    await eventually(() => runs('control-plane') && runs('service-a') && runs('service-b'))
  }, 300_000)

  afterAll(() => {
    if (isPrivate) docker(['swarm', 'leave', '--force'])
  }, 60_000)

  beforeEach(({ skip }) =>
    skip(!isPrivate, 'it needs an engine of its own: .ci/with-private-docker'),
  )

  it('leads a request through both sidecars, and from where there is none through the other alone', async () => {
    // The rules are there before the entities are: until then nothing comes back.
    await eventually(() => ask('service-a', '').includes('Service B (HTTP)'))
    await using atA = await openCapture(taskOf('service-a'), 'lo')
    await using between = await openCapture(taskOf('service-b'), 'eth0')
    await using atB = await openCapture(taskOf('service-b'), 'lo')
    expect(ask('service-a', 'canary-1')).toContain('Hello from Service B (HTTP)')
    // What a sidecar takes and hands on stays within the task, on its loopback interface.
    const seen = (canary: string): readonly boolean[] =>
      [atA, between, atB].map((capture) => capture.text().includes(canary))
    await eventually(() => seen('canary-1').every(Boolean))
    expect(ask('control-plane', 'canary-2')).toContain('Hello from Service B (HTTP)')
    await eventually(() => seen('canary-2').slice(1).every(Boolean))
    expect(seen('canary-2')).toEqual([false, true, true])
  })

  it('encrypts between the sidecars what the client encrypts, as one mesh', async () => {
    await using between = await openCapture(taskOf('service-b'), 'eth0')
    const command = ['ncat', '--ssl', '--recv-only', 'service-b', '19443']
    expect(docker(['exec', taskOf('service-a'), ...command])).toBe('Hello from Service B (TLS)\n')
    // Sidecars offer their mesh by name, in the one message that is readable.
    await eventually(() => between.text().includes('com.konghq/service-mesh'))
    expect(between.text()).not.toContain('Hello from Service B')
  })

  it('leaves nothing when it is removed', async () => {
    const filter = `label=com.docker.stack.namespace=${stack}`
    const left = (): string =>
      [
        ['ps', '--all'],
        ['network', 'ls'],
        ['service', 'ls'],
        ['config', 'ls'],
      ]
        .map((list) => docker([...list, '--quiet', '--filter', filter]))
        .join('')
    expect(left().split('\n').length).toBeGreaterThan(6)
    docker(['stack', 'rm', stack])
    await eventually(() => left() === '')
  })
})

function docker(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8', input })
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** What Service B answers a request for that path. */
function ask(service: string, path: string): string {
  const command = ['curl', '--silent', '--max-time', '20', `http://service-b:18000/${path}`]
  return spawnSync('docker', ['exec', taskOf(service), ...command], { encoding: 'utf8' }).stdout
}

/** The container of a service, which changes when the engine starts it again. */
function taskOf(service: string): string {
  const [task = ''] = docker(['ps', '--quiet', '--filter', `name=${stack}_${service}.1.`]).split(
    '\n',
  )
  if (task === '') throw new Error(`${service} does not run`)
  return task
}

function runs(service: string): boolean {
  return docker(['service', 'logs', '--raw', `${stack}_${service}`]).includes('Kong started')
}

async function eventually(holds: () => boolean): Promise<void> {
  await vi.waitUntil(holds, { timeout: 200_000, interval: 500 })
}

/** What passes an interface of a task, as text, from now on. */
async function openCapture(
  task: string,
  device: string,
): Promise<AsyncDisposable & { readonly text: () => string }> {
  const pid = docker(['inspect', '--format', '{{.State.Pid}}', task]).trim()
  const argv = ['--target', pid, '--net', 'tcpdump', '-i', device, '-A', '-n', '-U', '-l', 'tcp']
  const child = spawn('nsenter', argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk))
  const closed = once(child, 'close')
  const listening = Promise.withResolvers<void>()
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    if (chunk.includes('listening on')) listening.resolve()
  })
  await Promise.race([
    listening.promise,
    closed.then(() => Promise.reject(new Error(`tcpdump did not start on ${device}`))),
  ])
  return {
    text: () => text,
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await closed
    },
  }
}

/** Without those that another of them holds. */
function foldersOf(...paths: readonly string[]): readonly string[] {
  const real = [...paths, join(projectRoot, 'node_modules')].map((path) => realpathSync(path))
  return real.filter((path) => !real.some((other) => path.startsWith(`${other}/`)))
}
