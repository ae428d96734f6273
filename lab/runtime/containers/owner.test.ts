import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { identifyProcess } from '#lab/run/process-identity.ts'
import { hasEnded, thisOwner } from './owner.ts'

describe(hasEnded, () => {
  const [boot = '', namespace = ''] = thisOwner().split('/')

  it('is not true of a process that runs, and true of it once it has ended', async () => {
    expect(hasEnded(thisOwner())).toBe(false)
    const child = spawn('sleep', ['60'])
    await once(child, 'spawn')
    const startTime = identifyProcess(child.pid ?? 0)?.startTime
    const owner = [boot, namespace, child.pid, startTime].join('/')
    expect(hasEnded(owner)).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(hasEnded(owner)).toBe(true)
  })

  it('is true of a number that another process has now', () => {
    expect(hasEnded(thisOwner().replace(/\/\d+$/, '/1'))).toBe(true)
  })

  it('is true of every process of an earlier boot', () => {
    expect(hasEnded(thisOwner().replace(boot, 'earlier'))).toBe(true)
  })

  it('is not true of what cannot be seen from here, or was not written by a lab', () => {
    expect(hasEnded([boot, 'pid:[1]', '1', '1'].join('/'))).toBe(false)
    expect(hasEnded('')).toBe(false)
    expect(hasEnded('somebody')).toBe(false)
  })
})
