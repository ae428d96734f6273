import { expect } from 'vitest'
import { makePods } from '#lab/topology/pods.ts'
import { clients } from '#scenarios/support/clients.ts'
import { expectCallers, legsTo } from '#scenarios/support/expectations.ts'
import { pods } from '#scenarios/support/ground.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { claimsOfPods } from './claims-of-pods.ts'

const sidecarUser = '1337'
const { serviceA } = pods.addresses

onEveryTopology(
  (scenario) => {
    claimsOfPods(scenario)

    scenario('only who is the user of the sidecar gets past it', async ({ yard }) => {
      const [, , http] = clients(pods)
      if (http === undefined) throw new Error('no client')
      const as = (uid: string): typeof http.argv => [
        'setpriv',
        `--reuid=${uid}`,
        '--clear-groups',
        ...http.argv,
      ]
      await yard.run('service-a', as('65534'))
      expect(await legsTo(yard, http.port)).toEqual(pods.meshed)
      expect(await yard.run('service-a', as(sidecarUser))).toMatchObject({ stdout: http.answer })
      const [, ...pastKongA] = pods.meshed
      expect(await legsTo(yard, http.port)).toEqual([...pods.meshed, ...pastKongA])
      await expectCallers(yard, http.serverLog, [serviceA, serviceA])
    })
  },
  { on: [pods], adapt: () => makePods({ exempt: 'uid' }) },
)
