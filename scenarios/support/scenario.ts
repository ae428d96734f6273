import { beforeAll, describe, test, type TestAPI } from 'vitest'
import { openScenarioLog } from '#reports/record/scenario-log.ts'
import { grounds, type Ground } from './ground.ts'
import { openStage, Yard, type Adapt, type Stage } from './stage.ts'

/** A test that is given a yard: `scenario('a claim', async ({ yard }) => …)`. */
export type Scenario = TestAPI<{ yard: Yard }>

/**
 * Makes the same claims on every topology. Each has one lab for all claims; it is up before the first and down after the
 * last, and what a claim stops or removes in it is back for the next. Packets, logs and commands of a claim are on
 * record, also when it fails.
 * @param options.on in place of all topologies.
 * @param options.adapt makes what the claims need of the built-in topology. A file can do so once: captures are named for it.
 */
export function onEveryTopology(
  claim: (scenario: Scenario, ground: Ground) => void,
  { adapt, on = grounds }: { readonly adapt?: Adapt; readonly on?: readonly Ground[] } = {},
): void {
  const turns = inTurn(on).map((ground) => [ground.topology, ground] as const)
  describe.for(turns)('on %s', ([, ground]) => {
    let stage: Stage | undefined
    // oxlint-disable-next-line no-empty-pattern -- vitest wants a pattern here
    beforeAll(async ({}, suite) => {
      await using opening = new AsyncDisposableStack()
      const log = opening.use(openScenarioLog(suite))
      stage = opening.use(await openStage(ground, { log, file: suite.file.name, adapt }))
      const opened = opening.move()
      return () => opened[Symbol.asyncDispose]()
    })
    const scenario = test.extend<{ yard: Yard }>({
      yard: async ({ task }, use) => {
        if (stage === undefined) throw new Error('the lab is not up')
        using log = openScenarioLog(task)
        const yard = await Yard.enter(stage, log, task.name)
        try {
          await use(yard)
        } finally {
          try {
            await yard.record()
          } finally {
            await yard.restore()
          }
        }
      },
    })
    claim(scenario, ground)
  })
}

/** Workers begin with different ones, so that fewer labs of the same topology are needed at the same moment. */
function inTurn(on: readonly Ground[]): readonly Ground[] {
  const first = Number(process.env['VITEST_POOL_ID'] ?? 0) % on.length
  return [...on.slice(first), ...on.slice(0, first)]
}
