import type { ArgumentKind, CommandEntry, OptionEntry } from '#lab/cli/command-entry.ts'

/** What there is of each kind of argument just now. */
export type KnownWords = Readonly<
  Partial<Record<Extract<ArgumentKind, string>, () => readonly string[]>>
>

/** How the last of the words after `meshyard` may go on; nothing: a file, or nobody knows. */
export function complete(
  words: readonly string[],
  commands: readonly CommandEntry[],
  known: KnownWords,
): readonly string[] {
  // Bash makes three words of `--option=value`, others one.
  const before = words.slice(0, -1).filter((word) => word !== '=')
  const last = words.at(-1) ?? ''
  const [, option, value] = /^(--[a-z-]+=)(.*)$/.exec(last) ?? []
  if (option !== undefined && value !== undefined) {
    const values = complete([...before, option.slice(0, -1), value], commands, known)
    return values.map((word) => `${option}${word}`)
  }
  const begun = last === '=' ? '' : last
  const candidates = candidatesFor(before, begun, commands, known)
  return candidates.filter((word) => word.startsWith(begun))
}

function candidatesFor(
  before: readonly string[],
  last: string,
  commands: readonly CommandEntry[],
  known: KnownWords,
): readonly string[] {
  const [name, ...rest] = before
  if (name === undefined) return commands.map((entry) => entry.name)
  if (name === 'help' && rest.length === 0) return commands.map((entry) => entry.name)
  const entry = commands.find((each) => each.name === name)
  if (entry === undefined) return []
  const { options, takes } = entry
  const previous = optionOf(options, rest.at(-1))
  if (previous?.value !== undefined) return valuesOf(previous, known)
  const position = countArguments(rest, options)
  // What a command of a node takes is its own.
  if (takes.at(Math.min(position, takes.length - 1)) === 'command') return []
  if (last.startsWith('-'))
    return options.flatMap(({ short, long }) => [long, ...(short ? [short] : [])])
  const kind = takes.at(Math.min(position, takes.length - 1))
  if (kind === undefined) return []
  return typeof kind === 'string' ? (known[kind]?.() ?? []) : kind
}

function valuesOf({ value, choices }: OptionEntry, known: KnownWords): readonly string[] {
  if (choices !== undefined) return choices
  if (value === 'NODE') return known.node?.() ?? []
  if (value === 'LINK') return known.link?.() ?? []
  if (value === 'LAB') return known.lab?.() ?? []
  if (value === 'TOPOLOGY') return known.topology?.() ?? []
  if (value === 'PROXY') return ['core', 'command:', 'image:']
  return []
}

function optionOf(
  options: readonly OptionEntry[],
  word: string | undefined,
): OptionEntry | undefined {
  return options.find(({ short, long }) => word === long || (short !== undefined && word === short))
}

function countArguments(words: readonly string[], options: readonly OptionEntry[]): number {
  return words.filter(
    (word, index) =>
      !word.startsWith('-') && optionOf(options, words[index - 1])?.value === undefined,
  ).length
}
