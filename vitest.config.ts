import { configDefaults, defineConfig } from 'vitest/config'

/** They need a container engine: `npm run test:containers` brings one of its own. */
const needEngine = 'lab/*/container-*.test.ts'

/** A minute of all traffic at once, which wants the machine for itself. */
const soak = 'scenarios/soak/*.scenario.ts'

/** Of all that show the product from outside: on labs (scenarios), on nodes alone (cases), as documents tell it. */
const scenarios = {
  // What they claim is made in labs and nodes of their own; loading the same code for each file is half a minute.
  isolate: false,
  testTimeout: 120_000,
  hookTimeout: 120_000,
}

export default defineConfig({
  test: {
    // Each scenario file runs labs of its own; unit tests measure time limits of real sockets.
    maxWorkers: 2,
    // A garbage collection in the middle of a fast API call aborts Node 26; what tests run in-process is not to be hit.
    execArgv: ['--no-turbo-fast-api-calls'],
    // What is waited for comes as soon as a busy machine gets to it; the default of a second is for idle ones.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            '{core,netns,lab,reports}/**/*.test.ts',
            'scenarios/{mutate,support}/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, needEngine],
          // Tests that start processes wait for a busy machine, too, and several times for a condition.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          ...scenarios,
          name: 'scenarios',
          include: ['scenarios/kong/**/*.scenario.ts'],
          // Much of what they do is waiting for what happens on wires; labs of other files get along beside it.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          globalSetup: 'scenarios/support/lend-labs.ts',
        },
      },
      {
        extends: true,
        test: { ...scenarios, name: 'cases', include: ['scenarios/kong-cases/*.scenario.ts'] },
      },
      {
        extends: true,
        test: {
          ...scenarios,
          name: 'documents',
          include: ['scenarios/docs/*.scenario.ts'],
          // They compare the machine before and after, which labs of others would change.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      { extends: true, test: { name: 'soak', include: [soak] } },
      {
        extends: true,
        test: {
          name: 'containers',
          include: [needEngine],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
