import { expect, it } from 'vitest'
import { mayBecomeOthers, mayMakeNamespaces } from './privileges.ts'

it.for([
  { who: 'root', effective: '000001ffffffffff', may: true },
  { who: 'an ordinary user', effective: '0000000000000000', may: false },
  { who: 'root in a container of usual rights', effective: '00000000a80425fb', may: false },
  { who: 'root that may do all but networks', effective: '000001ffffffefff', may: false },
])('$who may make namespaces: $may', ({ effective, may }) => {
  expect(mayMakeNamespaces(`Name:\tnode\nCapPrm:\t0\nCapEff:\t${effective}\n`)).toBe(may)
})

it('one who is alone in a user namespace cannot become another user', () => {
  expect(mayBecomeOthers('         0      65534          1\n')).toBe(false)
  expect(mayBecomeOthers('         0          0 4294967295\n')).toBe(mayMakeNamespaces())
})
