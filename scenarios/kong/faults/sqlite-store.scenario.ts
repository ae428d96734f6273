import { expect } from 'vitest'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { greet, greeting, linked } from './faulty-yard.ts'

onEveryTopology(
  (scenario) => {
    scenario(
      'with the store down nothing can be changed, and nodes serve what they know',
      async ({ yard }) => {
        const put = async (): Promise<string> =>
          (
            await yard.run('control-plane', [
              'curl',
              '--silent',
              '--request',
              'PUT',
              '--data',
              'url=http://10.9.9.9',
              '--output',
              '/dev/null',
              '--write-out',
              '%{http_code}',
              'http://127.0.0.1:8001/services/spare',
            ])
          ).stdout
        expect(await put()).toBe('200')
        {
          await using _fault = await yard.lab.fault({ kind: 'store-down' })
          const refused = put()
          expect((await greet(yard)).stdout).toBe(greeting)
          expect(await refused).toMatch(/^5\d\d$/)
        }
        expect(await put()).toBe('200')
      },
    )
  },
  { on: linked },
)
