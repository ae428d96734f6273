import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { timeCommand } from './bench-command.ts'

export interface ComposeFigures {
  readonly upMs: number
  readonly downMs: number
}

/** So many containers as `sidecars` has nodes. */
const services = ['service-a', 'kong-a', 'kong-b', 'service-b', 'control-plane']
const image = 'meshyard-bench'

/**
 * `docker-compose` with as many containers as `sidecars` has nodes, on one network. They run nothing but `sleep`, so
 * what is measured is the least that it takes; and there are no rules. What it leaves is removed when disposed of.
 */
export interface Compose extends Disposable {
  measure(): Promise<ComposeFigures>
}

/** Undefined where docker-compose or an engine is missing. */
export function openCompose(folder: string): Compose | undefined {
  if (spawnSync('docker-compose', ['version']).status !== 0) return undefined
  if (spawnSync('docker', ['info']).status !== 0) return undefined
  importImage(folder)
  const file = join(folder, 'docker-compose.json')
  writeFileSync(file, JSON.stringify(composition))
  const compose = ['docker-compose', '--project-name', 'meshyard-bench', '--file', file] as const
  return {
    measure: async () => {
      const up = await timeCommand([...compose, 'up', '--detach'], {})
      const down = await timeCommand([...compose, 'down', '--timeout', '0'], {})
      return { upMs: up.wallMs, downMs: down.wallMs }
    },
    [Symbol.dispose]: () => {
      spawnSync(compose[0], [...compose.slice(1), 'down', '--timeout', '0'])
      spawnSync('docker', ['image', 'rm', image])
    },
  }
}

const composition = {
  version: '3.7',
  services: Object.fromEntries(
    services.map((name) => [
      name,
      {
        image,
        command: ['/usr/bin/sleep', 'infinity'],
        volumes: ['/usr:/usr:ro'],
        cap_add: ['NET_ADMIN'],
      },
    ]),
  ),
}

/** Nothing but the places where this machine's programs are mounted. */
function importImage(folder: string): void {
  const root = join(folder, 'image')
  mkdirSync(join(root, 'usr'), { recursive: true })
  const links = ['bin', 'lib', 'lib64']
  const steps = [
    ...links.map((name) => `ln -sfn usr/${name} ${root}/${name}`),
    `tar -C ${root} -c usr ${links.join(' ')} | docker import - ${image}`,
  ]
  const { status, stderr } = spawnSync('sh', ['-ec', steps.join('\n')], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Cannot make an image to compare with: ${stderr}`)
}
