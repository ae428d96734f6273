import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{core,netns,lab,reports}/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
    ],
  },
})
