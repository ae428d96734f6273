import { expect } from 'vitest'
import { connectionsTo } from '#scenarios/support/expectations.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'

/** No rule is for it, and nobody listens on it. */
const port = 17_000

onEveryTopology((scenario, ground) => {
  const { serviceA, serviceB } = ground.addresses

  scenario.runIf(ground.topology === 'sidecars')(
    'what no rule catches ends at the first proxy on its path; without rules it comes to the service',
    async ({ yard }) => {
      const dial = async (): Promise<unknown> => {
        const client = [
          'ncat',
          '--wait',
          '500ms',
          '--source',
          serviceA,
          serviceB,
          `${port}`,
        ] as const
        await yard.run('service-a', client)
        const seen = await connectionsTo(yard, port)
        return seen.map(({ link, outcome }) => `${link}: ${outcome}`).toSorted()
      }
      expect(await dial()).toEqual(['a: unanswered'])
      await yard.lab.removeRules()
      const refused = ['a', 'b', 'mesh'].map((link) => `${link}: refused`)
      expect(await dial()).toEqual(['a: unanswered', ...refused].toSorted())
    },
  )

  scenario.runIf(ground.topology === 'tutorial')(
    'what no rule catches goes past the proxies',
    async ({ yard }) => {
      const client = ['ncat', '--wait', '500ms', '--source', serviceA, serviceB, `${port}`] as const
      await yard.run('service-a', client)
      const seen = await connectionsTo(yard, port)
      expect(seen.map(({ outcome }) => outcome)).toEqual(['refused'])
      expect(seen.map((each) => yard.dialler(each))).toEqual(['service-a'])
    },
  )
})
