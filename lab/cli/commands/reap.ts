import type { Console } from '#lab/cli/command.ts'
import { parseArguments } from '#lab/cli/parse-arguments.ts'

/** `meshyard reap`: removes the containers of labs whose holder has ended, whatever their name. */
export async function reap(args: readonly string[], console: Console): Promise<number> {
  parseArguments(args, { options: {}, positionals: 0 })
  const { reap: removeLeft } = await import('#lab/runtime/containers/reap.ts')
  const removed = await removeLeft()
  console.stdout.write(`Removed ${removed} ${removed === 1 ? 'container' : 'containers'}.\n`)
  return 0
}
