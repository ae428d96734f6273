import type { Verdict } from '#reports/record/record.ts'

/** What differs between two runs; the second is the one that is looked at. */
export interface Comparison {
  readonly runs: readonly [ComparedRun, ComparedRun]
  /** Only those that differ, in the order of the first run, then those that the second alone has. */
  readonly scenarios: readonly ScenarioDifference[]
  /** How many scenarios both have. */
  readonly compared: number
}

export interface ComparedRun {
  /** What a person calls it: its id, or a proxy. */
  readonly label: string
  readonly id: string
  readonly verdict: Verdict
  readonly durationMs: number
}

export interface ScenarioDifference {
  readonly id: string
  readonly kinds: readonly DifferenceKind[]
  readonly before: ScenarioSide | undefined
  readonly after: ScenarioSide | undefined
  /** What speaks for it: lines that begin with `-` are of the first run alone, with `+` of the second alone; others name a command. */
  readonly lines: readonly string[]
}

/**
 * `failing`: it held, and does not. `fixed`: the other way round. `verdict`: another change of verdict. `slower`: it took
 * over a fifth longer. `hops`: connections are protected otherwise or go another way. `answers`: commands ended or were
 * answered otherwise. `missing`, `new`: one run alone has it.
 */
export type DifferenceKind =
  | 'failing'
  | 'fixed'
  | 'verdict'
  | 'slower'
  | 'hops'
  | 'answers'
  | 'missing'
  | 'new'

export interface ScenarioSide {
  readonly verdict: Verdict
  readonly durationMs: number
  /** Why it does not hold. */
  readonly because: string | undefined
}
