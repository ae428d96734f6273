import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '#lab/cli/command.ts'
import { surround } from '#lab/client/surroundings.ts'
import { projectRoot } from '#lab/run/home.ts'
import { describeFault } from '#lab/run/lab-error.ts'
import type { Backend } from '#lab/runtime/runtime.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import { campaignPlace } from './campaign-places.ts'
import { groupOf, removeGroups } from './memory-group.ts'
import { parseCampaignArguments } from './parse-campaign-arguments.ts'

const usage = `Usage: npm run leaks -- [--backend BACKEND] [--moments N] [--seed N] [--topology NAME|FILE] [--only INDEX]

Does harm to labs at many moments and tells what was left of them: exit code 1 when anything was. Containers run in an engine
of its own.
`

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(usage)
    return 0
  }
  try {
    return await harm(args)
  } catch (error) {
    const isUsage = error instanceof UsageError
    process.stderr.write(
      `Error: ${isUsage ? error.message : describeFault(error)}\n${isUsage ? usage : ''}`,
    )
    return isUsage ? 2 : 1
  }
}

async function harm(args: readonly string[]): Promise<number> {
  const { topology, backend } = parseCampaignArguments(args)
  const victim = await findTopology(topology)
  const home = mkdtempSync(campaignPlace)
  try {
    const inside = [process.execPath, join(import.meta.dirname, 'inside.ts'), home, ...args]
    const prepared = ['sh', '-euc', prepare[backend], home, projectRoot, ...inside]
    const [program, ...options] =
      backend === 'containers' ? [privateEngine, ...prepared] : surround(prepared)
    const child = spawn(program, options, { stdio: ['pipe', 'inherit', 'inherit'] })
    // What cannot be started takes none.
    child.stdin.on('error', () => {})
    // Its file may be covered in there.
    child.stdin.end(JSON.stringify(victim))
    const end = (): void => {
      // The engine's script ends what it has started.
      child.kill(backend === 'containers' ? 'SIGTERM' : 'SIGKILL')
    }
    process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end)
    const [code]: (number | null)[] = await once(child, 'exit')
    return code ?? 1
  } finally {
    await removeGroups(groupOf(home))
    rmdirSync(home)
  }
}

const privateEngine = join(projectRoot, '.ci/with-private-docker')

/**
 * A small file system for the labs, and empty ones where others on this machine leave their things meanwhile. The home of
 * labs is made first, for others make it as soon as they need it, and it stays: to remove it would uncover it for campaigns
 * beside this one.
 */
const cover = `
  mkdir -p "$1/.meshyard" 2>/dev/null || :
  mount -t tmpfs -o size=48m labs "$0"
  mount -t tmpfs shm /dev/shm
  [ ! -d "$1/.meshyard" ] || mount -t tmpfs own "$1/.meshyard"`

const prepare: Readonly<Record<Backend, string>> = {
  namespaces: `${cover}
  case $1/ in
    /tmp/*) ;;
    *) mount -t tmpfs tmp /tmp ;;
  esac
  shift
  "$@"`,
  // The engine has its things in /tmp; labs of namespaces get a /run of their own anyway.
  containers: `${cover}
  mount -t tmpfs -o mode=755 run /run
  shift
  "$@"`,
}

process.exitCode = await main(process.argv.slice(2))
