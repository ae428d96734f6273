import { pods } from '#scenarios/support/ground.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import { claimsOfPods } from './claims-of-pods.ts'

onEveryTopology(claimsOfPods, { on: [pods] })
