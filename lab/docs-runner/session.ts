import { open, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConsole, type Console, type ConsoleOptions } from './console.ts'

/** One shell that a reader types several blocks into: what they set, where they go and what they leave running stays. */
export interface Session extends AsyncDisposable {
  readonly console: Console
  /** Types the next block. */
  type(script: string): Promise<void>
  /** How many blocks have ended. */
  readonly ended: number
  /** Leaves the shell. */
  leave(): Promise<void>
}

/** Behind each block; no program prints it. */
const mark = '\u001Eblock has ended\u001E'

/** Starts a shell that ends with the first command that fails, in a terminal of its own. */
export async function openSession(options: ConsoleOptions): Promise<Session> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), 'session-')))
  const pipe = join(folder.path, 'blocks')
  const { status } = spawnSync('mkfifo', [pipe])
  if (status !== 0) throw new Error(`Cannot make the pipe ${pipe}`)
  // Without a reader a pipe cannot be opened for writing alone.
  const writer = await open(pipe, 'r+')
  stack.defer(() => writer.close())
  const loop = `while read -r block <&9 && [ "$block" != end ]; do . "$block"; printf '${mark}\\n'; done`
  const console = stack.use(openConsole(`exec 9<'${pipe}'\n${loop}`, options))
  const held = stack.move()
  let typed = 0
  return {
    console,
    type: async (script) => {
      typed += 1
      const file = join(folder.path, `${typed}.sh`)
      await writeFile(file, `${script}\n`)
      await writer.write(`${file}\n`)
    },
    get ended() {
      return endedBlocks(console.text)
    },
    leave: async () => void (await writer.write('end\n')),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

/** How many blocks have ended that a console shows; one whose line break is still to come has not, or it would begin the next. */
export function endedBlocks(text: string): number {
  return text.split(new RegExp(`${mark}\\r*\\n`)).length - 1
}

/** What has appeared in a session since some place in its text, without marks. */
export function withoutMarks(text: string): string {
  return text.replaceAll(new RegExp(`${mark}\\r?\\n?`, 'g'), '')
}
