import { findFences, type Fence } from './fences.ts'
import { PageError, type CommandStep, type LookStep, type Step } from './page.ts'

const commandLanguage = 'sh'
const outputLanguage = 'output'

/**
 * Reads a page. Blocks in other languages than these are for the reader alone:
 *
 * - `sh`: commands, with or without `$ ` before each; they run to their end and exit with 0.
 * - `sh console=NAME`: commands that are left running in a console of their own.
 * - `sh outside`: commands that are typed before the page begins; never run.
 * - `output`: what the commands above print; see `matchOutput` for `…`.
 * - `output console=NAME`: what has appeared in a console since its last block of output.
 *
 * @throws {PageError} With every fault of the page.
 */
export function parsePage(markdown: string): Step[] {
  const faults: string[] = []
  const steps: Step[] = []
  for (const fence of findFences(markdown)) {
    try {
      addFence(steps, fence)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      faults.push(`line ${fence.line}: ${error.message}`)
    }
  }
  for (const step of steps) {
    if (step.kind === 'command' && step.console !== undefined && step.output === undefined) {
      faults.push(
        `line ${step.line}: a command that is left running needs a block of output, which tells when it is ready`,
      )
    }
  }
  if (faults.length > 0) throw new PageError(faults)
  return steps
}

function addFence(steps: Step[], fence: Fence): void {
  const [language, ...words] = fence.info.split(/\s+/)
  if (language === commandLanguage) {
    const { console, outside } = parseWords(words)
    if (!outside) steps.push(commandStep(steps, fence, console))
  } else if (language === outputLanguage) {
    const { console, outside } = parseWords(words)
    if (outside) throw new SyntaxError('"outside" is for commands')
    addOutput(steps, fence, console)
  }
}

function parseWords(words: readonly string[]): { console: string | undefined; outside: boolean } {
  let console: string | undefined
  let outside = false
  for (const word of words) {
    const [, name] = /^console=([a-z0-9-]+)$/.exec(word) ?? []
    if (name !== undefined) console = name
    else if (word === 'outside') outside = true
    else throw new SyntaxError(`"${word}" is neither "outside" nor "console=NAME"`)
  }
  return { console, outside }
}

function commandStep(
  steps: readonly Step[],
  fence: Fence,
  console: string | undefined,
): CommandStep {
  if (console !== undefined && findConsole(steps, console)) {
    throw new SyntaxError(`the console "${console}" is in use already`)
  }
  const script = stripPrompts(fence.content)
  if (script.trim() === '') throw new SyntaxError('the block has no command')
  return { kind: 'command', line: fence.line, script, console, output: undefined }
}

function addOutput(steps: Step[], fence: Fence, console: string | undefined): void {
  const output = { line: fence.line, text: fence.content.join('\n') }
  if (console !== undefined) {
    if (!findConsole(steps, console)) throw new SyntaxError(`there is no console "${console}" yet`)
    const look: LookStep = { kind: 'look', line: fence.line, console, output }
    steps.push(look)
    return
  }
  const last = steps.at(-1)
  if (last?.kind !== 'command') throw new SyntaxError('no command stands before this output')
  if (last.output !== undefined) {
    throw new SyntaxError(`the command on line ${last.line} has a block of output already`)
  }
  steps[steps.length - 1] = { ...last, output }
}

function findConsole(steps: readonly Step[], name: string): boolean {
  return steps.some((step) => step.kind === 'command' && step.console === name)
}

function stripPrompts(lines: readonly string[]): string {
  if (!lines.some((line) => line.startsWith('$ '))) return lines.join('\n')
  let continues = false
  const stripped = lines.map((line) => {
    const prompted = line.startsWith('$ ')
    if (!prompted && !continues && line.trim() !== '') {
      throw new SyntaxError(`"${line}" stands between prompts; output has a block of its own`)
    }
    const command = prompted ? line.slice(2) : line
    continues = command.endsWith('\\')
    return command
  })
  return stripped.join('\n')
}
