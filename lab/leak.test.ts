import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runInNamespace } from '#netns/command.ts'
import { fingerprint, type Fingerprint } from '#netns/fingerprint.ts'
import { NetworkNamespace } from '#netns/namespace.ts'
import { takeDown } from './client/take-down.ts'
import { projectRoot } from './run/home.ts'
import {
  findChild,
  identifyProcess,
  isAlive,
  type ProcessIdentity,
} from './run/process-identity.ts'
import { processesWorkingIn } from './run/processes-working-in.ts'
import { readRunState } from './run/run-folder.ts'

const name = 'leak'
const withinMs = 5_000

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'leak-'))
})
afterAll(async () => {
  await takeDown(join(home, name))
  rmSync(home, { recursive: true })
})

/** What a lab could leave on the machine it ran on. */
interface Traces {
  readonly network: Fingerprint
  /** Processes that work in the run folder. */
  readonly processes: readonly number[]
  /** Processes that were in the lab's namespaces and still run. Namespaces end with the last process in them. */
  readonly survivors: readonly ProcessIdentity[]
  /** Where the lab has no business: entries of these folders. */
  readonly files: readonly string[]
}

function traces(folder: string, inside: readonly ProcessIdentity[] = []): Traces {
  return {
    network: fingerprint(),
    processes: processesWorkingIn(folder),
    survivors: inside.filter(isAlive),
    files: ['/run', '/dev/shm', '/var/lock', projectRoot, home]
      .filter((path) => existsSync(path))
      .flatMap((path) => readdirSync(path).map((entry) => join(path, entry)))
      // Other tests' databases are made at the same time.
      .filter((path) => !path.startsWith('/dev/shm/PostgreSQL.'))
      .filter((path) => path !== folder),
  }
}

/** All processes that share a namespace with one that works in the run folder, but not with us. */
function processesInside(folder: string): readonly ProcessIdentity[] {
  const ours = new Set(namespacesOf(process.pid))
  const theirs = new Set(
    processesWorkingIn(folder)
      .flatMap(namespacesOf)
      .filter((each) => !ours.has(each)),
  )
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => namespacesOf(pid).some((each) => theirs.has(each)))
    .flatMap((pid) => identifyProcess(pid) ?? [])
}

function namespacesOf(pid: number): readonly string[] {
  return ['net', 'mnt', 'pid'].flatMap((kind) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/${kind}`)]
    } catch {
      // Gone, or hidden from us.
      return []
    }
  })
}

type Victim = 'the command' | 'the wrapper' | 'the first process' | 'the holder' | 'all of them'

/** The process of that part that is there by now. */
function findVictims(victim: Victim, command: number, folder: string): readonly number[] {
  const wrapper = existsSync(folder) ? readRunState(folder)?.wrapper.pid : undefined
  const init = wrapper === undefined ? undefined : findChild(wrapper)?.pid
  const holder = init === undefined ? undefined : findChild(init)?.pid
  const found: Record<Victim, (number | undefined)[]> = {
    'the command': [command],
    'the wrapper': [wrapper],
    'the first process': [init],
    'the holder': [holder],
    'all of them': [...processesWorkingIn(folder), command],
  }
  const there = found[victim].flatMap((pid) => pid ?? [])
  // So early that it is not there yet: the command then is all there is.
  return there.length > 0 ? there : [command]
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function bringUp(): ReturnType<typeof spawn> {
  return spawn(join(projectRoot, 'lab/bin/meshyard'), ['up', '--name', name], {
    env: { ...process.env, MESHYARD_HOME: home },
    stdio: 'ignore',
  })
}

/** Kills a part of a lab that long after its start; returns who was in it. */
async function killWhileComingUp(
  victim: Victim,
  afterMs: number,
): Promise<readonly ProcessIdentity[]> {
  const folder = join(home, name)
  const command = bringUp()
  const ended = once(command, 'exit')
  await delay(afterMs)
  const inside = processesInside(folder)
  for (const pid of findVictims(victim, command.pid ?? 0, folder)) kill(pid)
  await ended
  // It was faster this time: the lab may outlive a command that has done its work.
  if (victim === 'the command' && readRunState(folder)?.stays === true) await takeDown(folder)
  return inside
}

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('SIGKILL while a lab comes up leaves nothing on the machine', () => {
  let upMs: number
  beforeAll(async () => {
    const startedAt = performance.now()
    const [code] = await once(bringUp(), 'exit')
    upMs = performance.now() - startedAt
    expect(code).toBe(0)
    await takeDown(join(home, name))
  }, 20_000)

  const trials: { victim: Victim; moments: number; seed: number }[] = [
    { victim: 'the holder', moments: 20, seed: 1 },
    { victim: 'the command', moments: 6, seed: 2 },
    { victim: 'the wrapper', moments: 6, seed: 3 },
    { victim: 'the first process', moments: 6, seed: 4 },
    { victim: 'all of them', moments: 6, seed: 5 },
  ]
  it.for(trials)(
    'of $victim, at $moments moments',
    { timeout: 60_000 },
    async ({ victim, moments, seed }) => {
      const folder = join(home, name)
      const random = seeded(seed)
      const before = traces(folder)
      let labsSeen = 0
      for (let moment = 0; moment < moments; moment += 1) {
        // Spread over the whole way up, each somewhere in its share.
        const afterMs = ((moment + random()) / moments) * upMs
        const inside = await killWhileComingUp(victim, afterMs)
        if (inside.length > 0) labsSeen += 1
        const told = `${victim} killed after ${afterMs.toFixed(0)} ms`
        await expect
          .poll(() => traces(folder, inside), {
            timeout: withinMs,
            interval: 10,
            message: told,
          })
          .toStrictEqual(before)
        await takeDown(folder)
        expect(existsSync(folder), told).toBe(false)
      }
      // Most moments have to fall into the life of a lab, or nothing was shown.
      expect(labsSeen).toBeGreaterThan(moments / 2)
    },
  )
})

describe('the traces show', () => {
  it('a process in the run folder, and one elsewhere in its namespaces', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leak-control-'))
    const before = traces(folder)
    const script = 'cd /; sleep 60 & echo on; wait'
    const left = spawn('unshare', ['--net', 'sh', '-c', script], { cwd: folder })
    await once(left.stdout, 'data')
    // The shell has left the folder, and its child never was there.
    expect(processesInside(folder)).toStrictEqual([])
    const other = spawn('nsenter', [`--net=/proc/${left.pid}/ns/net`, 'sleep', '60'], {
      cwd: folder,
    })
    await expect.poll(() => processesInside(folder).length, { timeout: withinMs }).toBe(3)
    const inside = processesInside(folder)
    expect(traces(folder, inside)).toMatchObject({ processes: [other.pid], survivors: inside })
    other.kill('SIGKILL')
    await once(other, 'exit')
    expect(traces(folder, inside).processes).toStrictEqual([])
    expect(traces(folder, inside).survivors).toHaveLength(2)
    for (const { pid } of inside) kill(pid)
    await expect.poll(() => traces(folder, inside)).toStrictEqual(before)
    rmSync(folder, { recursive: true })
  })

  it('a link and a rule', async () => {
    using namespace = NetworkNamespace.create({ label: 'control' })
    const run = async (command: string): Promise<void> => {
      const { exitCode, stderr } = await runInNamespace(namespace, ['sh', '-ec', command])
      expect({ exitCode, stderr }).toStrictEqual({ exitCode: 0, stderr: '' })
    }
    const before = namespace.run(fingerprint)
    await run('ip link add left type veth peer name over; nft add table inet left')
    const after = namespace.run(fingerprint)
    expect(after.links).not.toStrictEqual(before.links)
    expect(after.firewall).not.toStrictEqual(before.firewall)
    await run('ip link del left; nft delete table inet left')
    expect(namespace.run(fingerprint)).toStrictEqual(before)
  })

  it('a file', () => {
    const folder = join(home, name)
    const before = traces(folder)
    writeFileSync(join(home, 'left over'), '')
    expect(traces(folder)).not.toStrictEqual(before)
    rmSync(join(home, 'left over'))
    expect(traces(folder)).toStrictEqual(before)
  })
})
