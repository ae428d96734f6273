import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { groupOf, openMemoryGroup, removeGroups, whyNoMemoryGroup } from './memory-group.ts'

const name = groupOf(`test-${process.pid}`)
const why = await whyNoMemoryGroup(name)
const title = (claim: string): string =>
  why === undefined ? claim : `${claim} (not tested: ${why})`

/** Takes so many MiB once a line comes, and ends. A limit of its own ends it where nobody else does. */
function eater(mebibytes: number): ChildProcess {
  const script = `read -r _; exec prlimit --as=${2 ** 30} head -c ${mebibytes}M /dev/zero | tail -c ${mebibytes}M | wc -c`
  return spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] })
}

async function eatIn(group: { add(pid: number): void }, mebibytes: number): Promise<string> {
  const child = eater(mebibytes)
  const { pid, stdin, stdout } = child
  if (pid === undefined || stdin === null || stdout === null) throw new Error('sh does not start')
  group.add(pid)
  const ended = once(child, 'close')
  let output = ''
  stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  stdin.end('eat\n')
  await ended
  return output.trim()
}

it.skipIf(why !== undefined)(
  title('has the kernel kill who takes more memory than the group may have, and nobody else'),
  { timeout: 30_000 },
  async () => {
    await using group = openMemoryGroup(name, 24 * 2 ** 20)
    expect(await eatIn(group, 8)).toBe(String(8 * 2 ** 20))
    expect(group.killed()).toBe(0)
    expect(await eatIn(group, 64)).not.toBe(String(64 * 2 ** 20))
    expect(group.killed()).toBe(1)
  },
)

it.skipIf(why !== undefined)(
  title('is gone once it is disposed of, or removed behind somebody who was killed'),
  async () => {
    openMemoryGroup(name, 2 ** 20)
    expect(() => openMemoryGroup(name, 2 ** 20)).toThrow('EEXIST')
    await removeGroups(name)
    {
      await using _group = openMemoryGroup(name, 2 ** 20)
      expect(() => openMemoryGroup(name, 2 ** 20)).toThrow('EEXIST')
    }
    await using _again = openMemoryGroup(name, 2 ** 20)
  },
)
