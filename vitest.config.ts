import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Each scenario file runs labs of its own; unit tests measure time limits of real sockets.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{core,netns,lab,reports}/**/*.test.ts'],
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
