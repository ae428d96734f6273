import { expect } from 'vitest'
import { grounds } from '#scenarios/support/ground.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'

onEveryTopology(
  (scenario) => {
    scenario(
      'where nodes share one namespace there is no link to break, and that is said',
      async ({ yard }) => {
        await expect(yard.lab.fault({ kind: 'partition', link: 'mesh' })).rejects.toThrow(
          /has no links: its nodes share one namespace, with no wire between them to break; bring up another topology, such as sidecars/,
        )
      },
    )
  },
  { on: grounds.filter(({ topology }) => topology === 'tutorial') },
)
