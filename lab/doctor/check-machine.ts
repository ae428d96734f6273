import { readFileSync } from 'node:fs'
import { typed } from '#lab/cli/called-as.ts'
import type { Check } from './check.ts'

/** What the doctor reads of the machine, in the words of the kernel. */
export interface Machine {
  readonly nodeVersion: string
  /** /proc/self/limits. */
  readonly limits: string
  /** /proc/meminfo. */
  readonly memory: string
}

export function readMachine(): Machine {
  return {
    nodeVersion: process.versions.node,
    limits: readFileSync('/proc/self/limits', 'utf8'),
    memory: readFileSync('/proc/meminfo', 'utf8'),
  }
}

const leastNode = 24
const leastFiles = 1024
const usualFiles = 4096
const leastMebibytes = 512

export function judgeMachine(
  { nodeVersion, limits, memory }: Machine,
  environment: NodeJS.ProcessEnv,
): readonly Check[] {
  const files = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  const kibibytes = Number(/^MemAvailable:\s+(\d+) kB$/m.exec(memory)?.[1] ?? 0)
  return [
    judge({
      name: 'Node',
      detail: nodeVersion,
      verdict: Number.parseInt(nodeVersion, 10) >= leastNode ? 'works' : 'fails',
      why: `Labs need Node ${leastNode} or newer.`,
      remedy: 'Run "npm run setup", which installs one for the project.',
    }),
    judge({
      name: 'open files',
      detail: `${files} at a time`,
      verdict: files >= usualFiles ? 'works' : files >= leastFiles ? 'limited' : 'fails',
      why: `A lab of two sidecars needs ${leastFiles}, one of two hundred ${usualFiles}.`,
      remedy: `Run "ulimit -n ${usualFiles}" in this shell, or raise "nofile" in /etc/security/limits.conf.`,
    }),
    judge({
      name: 'memory',
      detail: `${Math.floor(kibibytes / 1024)} MiB available`,
      verdict: kibibytes / 1024 >= leastMebibytes ? 'works' : 'limited',
      why: `A lab of two sidecars takes about ${leastMebibytes} MiB.`,
      remedy: `End what takes memory; "${typed('ps', [], environment)}" shows what runs in a lab.`,
    }),
  ]
}

interface Judgement extends Omit<Check, 'category' | 'why' | 'remedy'> {
  readonly why: string
  readonly remedy: string
}

function judge({ name, detail, verdict, why, remedy }: Judgement): Check {
  const check = {
    category: 'machine',
    name,
    verdict,
    ...(detail !== undefined && { detail }),
  } as const
  return verdict === 'works' ? check : { ...check, why, remedy }
}
