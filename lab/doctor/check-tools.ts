import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findClockLibrary } from '#lab/faults/clock.ts'
import { labEnvironment } from '#lab/holder/environment.ts'
import { errorCode } from '#lab/run/fault.ts'
import { programFolders, projectRoot } from '#lab/run/home.ts'
import type { Check } from './check.ts'

interface Tool {
  readonly name: string
  /** Prints its version. */
  readonly argv: readonly [string, ...string[]]
  /** Debian package. */
  readonly package: string
  /** Lowest version that has what labs use. */
  readonly atLeast?: string
  /** What is missing without it, when labs work without. */
  readonly without?: string
}

const tools: readonly Tool[] = [
  // The options of nsenter, setpriv and unshare that labs use came one by one until then.
  { name: 'util-linux', argv: ['unshare', '--version'], package: 'util-linux', atLeast: '2.34' },
  { name: 'ip', argv: ['ip', '-Version'], package: 'iproute2' },
  { name: 'ps', argv: ['ps', '--version'], package: 'procps' },
  { name: 'ncat', argv: ['ncat', '--version'], package: 'ncat' },
  { name: 'curl', argv: ['curl', '--version'], package: 'curl' },
  { name: 'openssl', argv: ['openssl', 'version'], package: 'openssl' },
  { name: 'tcpdump', argv: ['tcpdump', '--version'], package: 'tcpdump' },
  {
    name: 'iptables',
    argv: ['iptables', '--version'],
    package: 'iptables',
    without: 'the tutorial, which is written for it, does not work',
  },
  {
    name: 'nft',
    argv: ['nft', '--version'],
    package: 'nftables',
    without: 'rules cannot be looked at with it',
  },
  {
    name: 'tshark',
    argv: ['tshark', '--version'],
    package: 'tshark',
    without: 'no second opinion on captured packets',
  },
]

/** It is no program, but a library that programs are started with. */
const clockTool: Omit<Tool, 'argv'> = {
  name: 'libfaketime',
  package: 'libfaketime',
  without:
    'no clock of a node can be shifted, so the faults clock and expired-certificate cannot be made',
}

/** Runs each tool in the environment of a lab and asks for its version. */
export async function checkTools(environment: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const env = { ...labEnvironment(environment, programFolders()), LC_ALL: 'C' }
  const library = await findClockLibrary()
  return [
    ...(await Promise.all(
      tools.map(async (tool) => judgeTool(tool, await runTool(tool.argv, env))),
    )),
    judgeTool(clockTool, library),
  ]
}

/** What a tool printed; nothing when there is no such program. */
async function runTool(
  [program, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { env, timeout: 10_000 })
    return stdout + stderr
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    // It is there, whatever it thinks of the option.
    return ''
  }
}

export function judgeTool(tool: Omit<Tool, 'argv'>, printed: string | undefined): Check {
  const { name, atLeast, without } = tool
  const check = { category: 'tools', name } as const
  const fix = ['sh', join(projectRoot, 'lab/setup/setup.sh')] as const
  const remedy = `Install the Debian package ${tool.package}.`
  if (printed === undefined) {
    return without === undefined
      ? { ...check, verdict: 'fails', why: 'It is not installed.', remedy, fix }
      : { ...check, verdict: 'limited', why: `It is not installed: ${without}.`, remedy }
  }
  const version = /\d+(?:\.\d+)+/.exec(printed)?.[0]
  const detail = version === undefined ? {} : { detail: version }
  if (atLeast !== undefined && version !== undefined && isOlder(version, atLeast)) {
    const why = `Labs use what came with version ${atLeast}.`
    return {
      ...check,
      ...detail,
      verdict: 'fails',
      why,
      remedy: `${remedy} A newer one is needed.`,
    }
  }
  return { ...check, ...detail, verdict: 'works' }
}

function isOlder(version: string, than: string): boolean {
  const [is, wanted] = [version, than].map((each) => each.split('.').map(Number))
  for (const [index, number] of (wanted ?? []).entries()) {
    const other = is?.[index] ?? 0
    if (other !== number) return other < number
  }
  return false
}
