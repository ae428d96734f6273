import { existsSync } from 'node:fs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Lab } from '#lab/lab.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { openLabLender, type LabLender } from './lab-lender.ts'
import { borrowLab } from './warm-labs.ts'

const topology: Topology = {
  name: 'greeter',
  summary: 'One node that says something.',
  namespaces: [{ name: 'all', routes: [] }],
  links: [],
  nodes: [
    {
      name: 'greeter',
      kind: 'service',
      namespace: 'all',
      addresses: ['127.0.0.1'],
      processes: [
        { kind: 'ncat', name: 'tcp', address: '127.0.0.1', port: 19_000, tls: false, answer: 'Hi' },
      ],
    },
  ],
  interception: [],
  kong: undefined,
  tryNext: [],
}

let lender: LabLender
beforeEach(async () => {
  lender = await openLabLender()
})
afterEach(async () => {
  await lender[Symbol.asyncDispose]()
})

it('lends what was given back to the next who asks for that topology, as it had come up', async () => {
  const folder = await borrow(async (lab) => {
    await lab.killNode('greeter')
    return lab.folder
  })
  await borrow(async (lab) => {
    expect(lab.folder).toBe(folder)
    expect((await lab.status()).nodes).toMatchObject([{ name: 'greeter', state: 'running' }])
  })
})

it('lends no lab to two at once, and none that has ended', async () => {
  const folders = await borrow((first) =>
    borrow(async (second) => {
      await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()])
      return [first.folder, second.folder]
    }),
  )
  expect(new Set(folders).size).toBe(2)
  await borrow(async (lab) => {
    expect(folders).not.toContain(lab.folder)
    expect((await lab.status()).nodes).toMatchObject([{ state: 'running' }])
  })
})

it('takes all labs down when it ends, and says why it cannot lend one', async () => {
  const folder = await borrow(async (lab) => lab.folder)
  expect(existsSync(folder)).toBe(true)
  const nodes = topology.nodes.map((node) => ({ ...node, namespace: 'nowhere' }))
  await expect(borrowLab({ ...topology, nodes }, lender.socket)).rejects.toThrow(/nowhere/)
  await lender[Symbol.asyncDispose]()
  expect(existsSync(folder)).toBe(false)
})

async function borrow<result>(use: (lab: Lab) => Promise<result>): Promise<result> {
  await using borrowed = await borrowLab(topology, lender.socket)
  return await use(borrowed.lab)
}
