/**
 * Prints how long it takes to build networks and to remove them, among them one of a thousand namespaces with all that a
 * sidecar needs, beside Mininet where it is installed. Run it as root.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { median, printFigures, ratio, type Figure } from './bench-figures.ts'
import { timeMininet } from './bench-mininet.ts'
import { NetworkNamespace } from './namespace.ts'
import { listLinks } from './netlink/listings.ts'
import { NetlinkSocket } from './netlink/netlink-socket.ts'
import type { NetworkPlan } from './network-plan.ts'
import { openNetwork } from './network.ts'
import { scalePlan } from './scale-plan.ts'
import { sidecarPlan } from './sidecar-plan.ts'

interface Timing {
  readonly upMs: number
  /** Of this process, in user and kernel, while it builds. */
  readonly cpuMs: number
  /** Until the kernel has taken the last link of the switch away. */
  readonly downMs: number
}

async function measure(plan: NetworkPlan): Promise<Timing> {
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  const network = openNetwork(plan)
  const upMs = performance.now() - start
  const cpu = process.cpuUsage(cpuBefore)
  using theSwitch = NetworkNamespace.open(network.namespace('switch').path)
  using socket = theSwitch.run(() => new NetlinkSocket('switch'))
  const removing = performance.now()
  network[Symbol.dispose]()
  while (listLinks(socket).some((link) => link.endsWith(' veth'))) await delay(1)
  return { upMs, cpuMs: (cpu.user + cpu.system) / 1000, downMs: performance.now() - removing }
}

async function measureOften(plan: NetworkPlan, runs: number): Promise<Timing> {
  // The first fills caches and is not counted.
  await measure(plan)
  const timings: Timing[] = []
  for (let run = 0; run < runs; run += 1) timings.push(await measure(plan))
  return {
    upMs: median(timings.map(({ upMs }) => upMs)),
    cpuMs: median(timings.map(({ cpuMs }) => cpuMs)),
    downMs: median(timings.map(({ downMs }) => downMs)),
  }
}

const comparedNodes = 50
const sidecars = await measureOften(sidecarPlan, 5)
const compared = await measureOften(scalePlan(comparedNodes), 5)
const mininetMs = await timeMininet(comparedNodes)
const thousand = await measureOften(scalePlan(999), 3)
const oursMs = compared.upMs + compared.downMs
const figures: readonly Figure[] = [
  { figure: 'network of 6 namespaces, up', measured: sidecars.upMs, unit: 'ms', bound: 40 },
  { figure: 'network of 6 namespaces, down', measured: sidecars.downMs, unit: 'ms' },
  {
    figure: `${comparedNodes} nodes on a switch, up and down`,
    measured: oursMs,
    unit: 'ms',
    others:
      mininetMs === undefined
        ? ['Mininet is not installed']
        : [ratio('Mininet', mininetMs, oursMs)],
  },
  { figure: '1,000 namespaces, up', measured: thousand.upMs / 1000, unit: 's', bound: 4 },
  { figure: '… CPU time of it', measured: thousand.cpuMs / 1000, unit: 's' },
  { figure: '1,000 namespaces, down', measured: thousand.downMs / 1000, unit: 's', bound: 1 },
]
process.exitCode = printFigures(figures, process.argv.slice(2))
