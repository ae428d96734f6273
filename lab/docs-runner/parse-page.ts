import { findFences, type Fence } from './fences.ts'
import { PageError, type CommandStep, type LookStep, type Step } from './page.ts'

const commandLanguage = 'sh'
const outputLanguage = 'output'

/**
 * Reads a page. Blocks in other languages than these, such as `text`, are for the reader alone:
 *
 * - `sh`: commands, with or without `$ ` before each; they run to their end and exit with 0.
 * - `sh session=NAME`: the same, typed into one shell: what a block sets, where it goes and what it starts stays.
 * - `sh console=NAME`: commands that are left running in a console of their own.
 * - `sh outside`: commands that are never run; `<!-- not run: REASON -->` right before them says why.
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
  const [language, ...info] = fence.info.split(/\s+/)
  if (language === '') {
    throw new SyntaxError(
      'the block has no language; write "sh", "output", or for the reader "text"',
    )
  }
  if (language === commandLanguage) {
    const words = parseWords(info)
    if (!words.outside) steps.push(commandStep(steps, fence, words))
    else if (!/^not run: \S/.test(fence.note ?? '')) {
      throw new SyntaxError(
        'nothing says why it is not run; write <!-- not run: REASON --> before it',
      )
    }
  } else if (language === outputLanguage) {
    const { console, session, outside } = parseWords(info)
    if (outside || session !== undefined) {
      throw new SyntaxError('"outside" and "session=NAME" are for commands')
    }
    addOutput(steps, fence, console)
  }
}

interface Words {
  readonly console: string | undefined
  readonly session: string | undefined
  readonly outside: boolean
}

function parseWords(words: readonly string[]): Words {
  let console: string | undefined
  let session: string | undefined
  let outside = false
  for (const word of words) {
    const [, kind, name] = /^(console|session)=([a-z0-9-]+)$/.exec(word) ?? []
    if (kind === 'console') console = name
    else if (kind === 'session') session = name
    else if (word === 'outside') outside = true
    else throw new SyntaxError(`"${word}" is neither "outside", "console=NAME" nor "session=NAME"`)
  }
  if (console !== undefined && session !== undefined) {
    throw new SyntaxError(
      'a block is typed into a console of its own or into a session, not into both',
    )
  }
  return { console, session, outside }
}

function commandStep(
  steps: readonly Step[],
  fence: Fence,
  { console, session }: Words,
): CommandStep {
  if (console !== undefined && findConsole(steps, console)) {
    throw new SyntaxError(`the console "${console}" is in use already`)
  }
  const script = stripPrompts(fence.content)
  if (script.trim() === '') throw new SyntaxError('the block has no command')
  const where = session === undefined ? {} : { session }
  return { kind: 'command', line: fence.line, script, console, ...where, output: undefined }
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
