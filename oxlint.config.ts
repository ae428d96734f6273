import { defineConfig, type OxlintOverride } from 'oxlint'

/** Room → the rooms it may import from. Order is bottom to top: a room only ever names rooms above it in this list. */
const rooms = roomTable({
  'core/base': [],
  'core/model': ['core/base'],
  'core/codec': ['core/base'],
  'core/store': ['core/base'],
  'core/rest': ['core/base'],
  'core/tls': ['core/base', 'core/model'],
  'core/dataplane': ['core/base', 'core/model', 'core/codec', 'core/tls'],
  'core/kong': ['core/base', 'core/model', 'core/store', 'core/rest', 'core/tls'],
  'core/node': ['core/base', 'core/model', 'core/store', 'core/tls', 'core/dataplane', 'core/kong'],
  'core/cli': ['core/base', 'core/store', 'core/node', 'core/kong'],
  examples: ['core/kong'],
  netns: [],
  'reports/record': [],
  'reports/writers': ['reports/record'],
  'reports/compare': ['reports/record', 'reports/writers'],
  'reports/vitest': ['reports/record', 'reports/writers'],
  'reports/cli': ['reports/record', 'reports/writers', 'reports/compare'],
  lab: ['netns', 'core/node', 'reports/record'],
  scenarios: ['lab', 'reports/record'],
})

const layering = Object.entries<readonly string[]>(rooms).map(
  ([room, allowed]): OxlintOverride => ({
    files: [`${room}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['#*/**', `!#${room}/**`, ...allowed.map((other) => `!#${other}/**`)],
              message: `${room} may import ${allowed.join(', ') || 'no other room'}; see the table in oxlint.config.ts.`,
            },
            {
              regex: '^\\.\\./',
              message: 'Import from this folder with ./, from anywhere else with a #-import.',
            },
          ],
        },
      ],
    },
  }),
)

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'node', 'promise', 'oxc'],
  categories: { correctness: 'error', suspicious: 'error' },
  options: { typeAware: true },
  rules: {
    'import/no-cycle': 'error',
    // `await using _lab = …` keeps a thing alive without naming it further.
    'no-underscore-dangle': 'off',
    // It does not see that a switch over a union is complete; the compiler's noImplicitReturns does.
    'typescript/consistent-return': 'off',
    // `fc.property(…)` is how fast-check is written; the compiler knows what a default export has.
    'import/no-named-as-default-member': 'off',
    'import/extensions': ['error', 'always', { ignorePackages: true }],
    'typescript/consistent-type-imports': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
  },
  overrides: [
    ...layering,
    {
      // In a test a helper stands beside what it helps, not at the top of the file.
      files: ['scenarios/**', '**/*.test.ts'],
      rules: { 'unicorn/consistent-function-scoping': 'off' },
    },
  ],
})

/** Lets the compiler find a misspelt room. */
function roomTable<room extends string>(table: Record<room, readonly NoInfer<room>[]>) {
  return table
}
