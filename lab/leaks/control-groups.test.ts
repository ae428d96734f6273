import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isOurs, ownGroups } from './control-groups.ts'

it('finds the groups of this process, which it is a member of', () => {
  const groups = ownGroups()
  for (const group of groups) {
    const members = readFileSync(`${group}/cgroup.procs`, 'utf8').split('\n')
    expect({ group, members }).toMatchObject({
      members: expect.arrayContaining([String(process.pid)]),
    })
  }
  expect(ownGroups('0::/no/such/group\n')).toStrictEqual([])
})

it('leaves to others what engines make', () => {
  expect(
    ['/docker', '/our-docker.x/1f', '/a.slice/b', '/left', '/meshyard-control-1'].filter(isOurs),
  ).toStrictEqual(['/left'])
})
