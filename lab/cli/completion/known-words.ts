import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Console } from '#lab/cli/command.ts'
import { findTarget } from '#lab/cli/parse-arguments.ts'
import { labHome, projectRoot } from '#lab/run/home.ts'
import { isRunFolder, readPlan } from '#lab/run/run-folder.ts'
import type { LabPlan } from '#lab/topology/plan.ts'
import type { KnownWords } from './complete.ts'

/** Names of the lab that a command line is about, and of what is in this project. What cannot be read has none. */
export function knownWords(words: readonly string[], console: Console): KnownWords {
  const { values } = parseArgs({
    args: [...words],
    options: { name: { type: 'string' } },
    allowPositionals: true,
    strict: false,
  })
  const name = typeof values.name === 'string' ? values.name : undefined
  const ofLab = (names: (plan: LabPlan) => readonly string[]) => (): readonly string[] =>
    orNone(() => names(readPlan(findTarget(name, console).folder)))
  const home = labHome(console.env)
  return {
    topology: () => ['sidecars', 'tutorial', 'pods', 'chain:2', 'star:2', 'full:2'],
    node: ofLab(({ nodes }) => nodes.map((node) => node.name)),
    link: ofLab(({ network }) => network.links.map((link) => link.name)),
    lab: () => orNone(() => readdirSync(home).filter((entry) => isRunFolder(join(home, entry)))),
    run: () => orNone(() => readdirSync(join(projectRoot, 'reports/out'))),
    suite: () =>
      orNone(() =>
        readdirSync(join(projectRoot, 'scenarios/kong'), { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map((entry) => `kong/${entry.name}`),
      ),
  }
}

function orNone(read: () => readonly string[]): readonly string[] {
  try {
    return read()
  } catch {
    return []
  }
}
