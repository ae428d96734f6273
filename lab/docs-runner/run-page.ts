import { openConsole, type Console, type ConsoleOptions } from './console.ts'
import { findOutput, matchOutput, normalise } from './output-pattern.ts'
import type { CommandStep, LookStep, Step } from './page.ts'
import { openSession, withoutMarks, type Session } from './session.ts'

export interface StepResult {
  /** `end`: a console that was left running has ended by the end of the page. */
  readonly kind: Step['kind'] | 'end'
  readonly line: number
  /** The script, or what was looked at. */
  readonly title: string
  readonly exitCode: number | undefined
  readonly expected: string | undefined
  readonly printed: string
  readonly durationMs: number
  /** `skipped`: an earlier step was not true. */
  readonly verdict: 'true' | 'untrue' | 'skipped'
  /** Why it is not `true`. */
  readonly fault: string | undefined
}

/** The steps of a page and, behind them, that each console has ended: a page ends what it starts. */
export interface PageStep {
  readonly line: number
  readonly title: string
  readonly step: Step | EndStep
}

interface EndStep {
  readonly kind: 'end'
  readonly line: number
  /** The one or the other. */
  readonly console?: string
  readonly session?: string
}

export interface RunPageOptions extends ConsoleOptions {
  /** How long a step may take. Default: 20 000. */
  readonly stepTimeoutMs?: number
  /** Whether to go on behind output that is not what the page says. Default: no. */
  readonly goOn?: boolean
}

/** What `runPage` gives a result for, in order. */
export function pageSteps(steps: readonly Step[]): PageStep[] {
  const endings = steps.flatMap((step, index): EndStep[] => {
    if (step.kind !== 'command') return []
    const { line, console, session } = step
    if (console !== undefined) return [{ kind: 'end', line, console }]
    const isBefore = (each: Step, at: number): boolean =>
      each.kind === 'command' && each.session === session && at < index
    return session === undefined || steps.some(isBefore) ? [] : [{ kind: 'end', line, session }]
  })
  return [...steps, ...endings].map((step) => ({ line: step.line, title: titleOf(step), step }))
}

/**
 * Does what the page says, step by step, and compares what is printed with what the page expects. Input stays silent;
 * once a command has printed what is expected, its input is ended. The first step that is not true ends the run, and
 * the rest is skipped.
 */
export async function runPage(
  steps: readonly Step[],
  options: RunPageOptions,
): Promise<StepResult[]> {
  await using run = new PageRun(options)
  const results: StepResult[] = []
  for (const step of pageSteps(steps)) {
    const failed = results.find(
      ({ verdict, fault }) => verdict === 'untrue' && !(options.goOn === true && fault === other),
    )
    results.push(failed === undefined ? await run.step(step) : skipped(step, failed))
  }
  return results
}

class PageRun implements AsyncDisposable {
  readonly #options: RunPageOptions
  readonly #consoles = new Map<string, { readonly console: Console; seen: number }>()
  readonly #sessions = new Map<string, Session>()
  readonly #stack = new AsyncDisposableStack()

  constructor(options: RunPageOptions) {
    this.#options = options
  }

  async step({ step, line, title }: PageStep): Promise<StepResult> {
    const startedAtMs = performance.now()
    const outcome = await this.#do(step)
    return {
      kind: step.kind,
      line,
      title,
      expected: step.kind === 'end' ? undefined : step.output?.text,
      durationMs: Math.round(performance.now() - startedAtMs),
      ...outcome,
      verdict: outcome.fault === undefined ? 'true' : 'untrue',
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }

  #do(step: Step | EndStep): Promise<Outcome> {
    switch (step.kind) {
      case 'command':
        if (step.session !== undefined) return this.#typeInto(step, step.session)
        return step.console === undefined
          ? this.#runToEnd(step)
          : this.#leaveRunning(step, step.console)
      case 'look':
        return this.#look(step)
      case 'end':
        return this.#end(step)
    }
  }

  async #runToEnd({ script, output }: CommandStep): Promise<Outcome> {
    await using console = openConsole(script, this.#options)
    const isComplete = (): boolean =>
      output !== undefined && findOutput(output.text, console.text, 0) !== undefined
    let ended = await this.#until(console, isComplete)
    if (ended && console.exitCode === undefined) {
      console.endInput()
      ended = await this.#until(console, () => false)
    }
    return outcomeOf(console, faultOf({ console, output, ended }))
  }

  #leaveRunning(step: CommandStep, name: string): Promise<Outcome> {
    const console = this.#stack.use(openConsole(step.script, this.#options))
    this.#consoles.set(name, { console, seen: 0 })
    return this.#waitForOutput(name, step.output?.text ?? '')
  }

  #look({ console, output }: LookStep): Promise<Outcome> {
    return this.#waitForOutput(console, output.text)
  }

  async #typeInto({ script, output }: CommandStep, name: string): Promise<Outcome> {
    let session = this.#sessions.get(name)
    if (session === undefined) {
      session = this.#stack.use(await openSession(this.#options))
      this.#sessions.set(name, session)
    }
    const { console } = session
    const before = { from: console.text.length, blocks: session.ended }
    await session.type(script)
    const hasEnded = (): boolean => session.ended > before.blocks
    const inTime = await this.#until(console, hasEnded)
    const printed = normalise(withoutMarks(console.text.slice(before.from)))
    const { exitCode } = console
    if (!inTime) return { printed, exitCode, fault: 'it does not end' }
    if (!hasEnded()) return { printed, exitCode, fault: `it ended with exit code ${exitCode}` }
    const agrees = output === undefined || matchOutput(output.text, printed)
    return { printed, exitCode: 0, fault: agrees ? undefined : other }
  }

  async #end({ console: name, session: of }: EndStep): Promise<Outcome> {
    const session = of === undefined ? undefined : this.#sessions.get(of)
    await session?.leave()
    const console = session?.console ?? this.#console(name ?? '').console
    const ended = await this.#until(console, () => false)
    return outcomeOf(console, ended ? undefined : 'the page ends, and this still runs')
  }

  async #waitForOutput(name: string, expected: string): Promise<Outcome> {
    const entry = this.#console(name)
    const { console } = entry
    const find = (): number | undefined => findOutput(expected, console.text, entry.seen)
    await this.#until(console, () => find() !== undefined)
    const end = find()
    const printed = normalise(console.text).slice(entry.seen, end)
    entry.seen = end ?? entry.seen
    const fault = end === undefined ? 'what the page expects does not appear' : undefined
    return { printed, exitCode: console.exitCode, fault }
  }

  #console(name: string): { readonly console: Console; seen: number } {
    const entry = this.#consoles.get(name)
    if (entry === undefined) throw new RangeError(`There is no console "${name}".`)
    return entry
  }

  /** Whether the condition came true, or the console ended, before the time was up. */
  async #until(console: Console, holds: () => boolean): Promise<boolean> {
    const deadline = AbortSignal.timeout(this.#options.stepTimeoutMs ?? 20_000)
    while (console.exitCode === undefined && !holds()) {
      try {
        await console.changed(deadline)
      } catch (error) {
        if (!deadline.aborted) throw error
        return false
      }
    }
    return true
  }
}

type Outcome = Pick<StepResult, 'printed' | 'exitCode' | 'fault'>

function outcomeOf(console: Console, fault: string | undefined): Outcome {
  return { printed: normalise(console.text), exitCode: console.exitCode, fault }
}

function faultOf(run: {
  readonly console: Console
  readonly output: CommandStep['output']
  readonly ended: boolean
}): string | undefined {
  const { console, output, ended } = run
  if (!ended) return 'it does not end'
  if (console.exitCode !== 0) return `it ended with exit code ${console.exitCode}`
  if (output === undefined || matchOutput(output.text, console.text)) return undefined
  return other
}

/** What is wrong with a step that prints something else. */
export const other = 'it prints something else than the page says'

function titleOf(step: Step | EndStep): string {
  if (step.kind === 'command') return step.script
  if (step.kind === 'look') return `look at console ${step.console}`
  return step.console === undefined
    ? `session ${step.session} has ended`
    : `console ${step.console} has ended`
}

function skipped({ step, line, title }: PageStep, failed: StepResult): StepResult {
  return {
    kind: step.kind,
    line,
    title,
    expected: undefined,
    printed: '',
    exitCode: undefined,
    durationMs: 0,
    verdict: 'skipped',
    fault: `not run, because the step on line ${failed.line} failed`,
  }
}
