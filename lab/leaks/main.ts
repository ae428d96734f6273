import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { surround } from '#lab/client/surroundings.ts'
import { projectRoot } from '#lab/run/home.ts'
import { findTopology } from '#lab/topology/find-topology.ts'
import { parseCampaignArguments } from './parse-campaign-arguments.ts'

/**
 * `npm run leaks [-- --moments N] [--seed N] [--topology NAME|FILE] [--only INDEX]`: does harm to labs at many moments
 * and tells what was left of them. Exit code 1 when anything was.
 */
async function main(args: readonly string[]): Promise<number> {
  const { topology } = parseCampaignArguments(args)
  const victim = await findTopology(topology)
  const home = mkdtempSync('/var/tmp/meshyard-leaks-')
  try {
    const inside = [process.execPath, join(import.meta.dirname, 'inside.ts'), home, ...args]
    const [program, ...options] = surround(['sh', '-euc', prepare, home, projectRoot, ...inside])
    const child = spawn(program, options, { stdio: ['pipe', 'inherit', 'inherit'] })
    // Its file may be covered in there.
    child.stdin.end(JSON.stringify(victim))
    const end = (): void => {
      child.kill('SIGKILL')
    }
    process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end)
    const [code]: (number | null)[] = await once(child, 'exit')
    return code ?? 1
  } finally {
    rmdirSync(home)
  }
}

/** A small file system for the labs, and empty ones where others on this machine leave their things meanwhile. */
const prepare = `
  mount -t tmpfs -o size=48m labs "$0"
  mount -t tmpfs shm /dev/shm
  [ ! -d "$1/.meshyard" ] || mount -t tmpfs own "$1/.meshyard"
  case $1/ in
    /tmp/*) ;;
    *) mount -t tmpfs tmp /tmp ;;
  esac
  shift
  "$@"`

process.exitCode = await main(process.argv.slice(2))
