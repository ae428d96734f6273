import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openNetwork } from '#netns/network.ts'
import { openLab } from './lab.ts'
import { projectRoot } from './run/home.ts'
import { planLab } from './topology/plan.ts'
import { sidecars } from './topology/sidecars.ts'

const rounds = 5
const home = mkdtempSync(join(tmpdir(), 'lab-bench-'))

/** Milliseconds of one run of the command line, from its start to its exit. */
async function timeCommand(...args: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(join(projectRoot, 'lab/bin/meshyard'), args, {
    env: { ...process.env, MESHYARD_HOME: home },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`meshyard ${args.join(' ')} ended with exit code ${code}`)
  return performance.now() - startedAt
}

/** Milliseconds to build the network of `sidecars` with its rules, in this process. */
function timeNetwork(): number {
  const places = { name: 'bench', folder: home, root: projectRoot, node: process.execPath }
  const plan = planLab(sidecars, { ...places, bare: false })
  const startedAt = performance.now()
  using network = openNetwork(plan.network)
  for (const each of plan.interception) {
    if (each.kind === 'rules')
      network.firewall.apply(network.namespace(each.namespace), each.ruleSet)
  }
  return performance.now() - startedAt
}

/** Milliseconds to bring a lab back in which a request was answered through both proxies. */
async function timeResets(): Promise<readonly number[]> {
  await using lab = await openLab(sidecars, { name: 'bench-reset', folder: join(home, 'reset') })
  const measured: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    await lab.exec('service-a', ['curl', '-s', 'http://10.2.0.6:18000'])
    const startedAt = performance.now()
    const { clean, differences } = await lab.reset()
    if (round > 0) measured.push(performance.now() - startedAt)
    if (!clean) throw new Error(`The lab is not clean: ${differences.join('; ')}`)
  }
  return measured
}

function median(values: readonly number[]): string {
  const middle = values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]
  return `${Math.round(middle ?? Number.NaN)}`
}

const times = { up: [] as number[], down: [] as number[], network: [] as number[] }
let resets: readonly number[] = []
try {
  // The first round fills caches and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    const up = await timeCommand('up', 'sidecars')
    const down = await timeCommand('down')
    const network = timeNetwork()
    if (round === 0) continue
    times.up.push(up)
    times.down.push(down)
    times.network.push(network)
  }
  resets = await timeResets()
} finally {
  await timeCommand('down')
  rmSync(home, { recursive: true })
}
console.table({
  'up (sidecars, all ready)': { 'median ms': median(times.up), 'target ms': 1000 },
  down: { 'median ms': median(times.down), 'target ms': 300 },
  'warm reset, proven by the state': { 'median ms': median(resets), 'target ms': 50 },
  'network alone': { 'median ms': median(times.network), 'target ms': 40 },
})
