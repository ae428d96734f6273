import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Each scenario file runs labs of its own; unit tests measure time limits of real sockets.
    maxWorkers: 2,
    // A garbage collection in the middle of a fast API call aborts Node 26; what tests run in-process is not to be hit.
    execArgv: ['--no-turbo-fast-api-calls'],
    // What is waited for comes as soon as a busy machine gets to it; the default of a second is for idle ones.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{core,netns,lab,reports}/**/*.test.ts', 'scenarios/mutate/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'scenarios',
          include: ['scenarios/**/*.scenario.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
