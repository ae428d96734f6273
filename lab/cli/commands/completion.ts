import { UsageError, type Console } from '#lab/cli/command.ts'
import { commandTable } from '#lab/cli/command-table.ts'
import { complete } from '#lab/cli/completion/complete.ts'
import { knownWords } from '#lab/cli/completion/known-words.ts'
import { completionScripts } from '#lab/cli/completion/scripts.ts'

/**
 * `meshyard completion bash|zsh|fish`: what teaches a shell. `meshyard completion words WORD …` is what it then asks: how
 * the last of the words after `meshyard` may go on, a line each.
 */
export async function completion(args: readonly string[], console: Console): Promise<number> {
  const [shell = '', ...words] = args
  const { stdout } = console
  if (shell === 'words') {
    const found = complete(words, commandTable, knownWords(words, console))
    stdout.write(found.map((word) => `${word}\n`).join(''))
    return 0
  }
  const script = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined
  if (script === undefined) {
    const told = shell === '' ? '' : `, not "${shell}"`
    throw new UsageError(
      `Say for which shell: ${Object.keys(completionScripts).join(', ')}${told}.`,
    )
  }
  const [surplus] = words
  if (surplus !== undefined) throw new UsageError(`"${surplus}" is one argument too many.`)
  stdout.write(script)
  return 0
}
