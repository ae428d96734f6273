import { describe } from 'vitest'
import { openNetemShaper, openQueueShaper } from './open-shaper.ts'
import { whyNoNetem } from './netem-works.ts'
import { describeShaper } from './shaper-suite.ts'

describeShaper(openQueueShaper)

const why = whyNoNetem()
if (why === undefined) {
  describeShaper(openNetemShaper)
} else {
  describe.skip(`the netem shaper, since this kernel says: ${why}`, () => {
    describeShaper(openNetemShaper)
  })
}
