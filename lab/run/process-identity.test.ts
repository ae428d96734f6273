import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { findChild, identifyProcess, isAlive, signalProcess } from './process-identity.ts'

describe(identifyProcess, () => {
  it('knows a process until it ends, and never takes another with its number for it', async () => {
    const child = spawn('sleep', ['60'])
    const identity = identifyProcess(child.pid ?? 0)
    if (identity === undefined) throw new Error('sleep is not there')
    expect(isAlive(identity)).toBe(true)
    expect(findChild(process.pid)).toBeDefined()

    const impostor = { ...identity, startTime: '1' }
    expect(isAlive(impostor)).toBe(false)
    signalProcess(impostor, 'SIGKILL')
    expect(isAlive(identity)).toBe(true)

    const exited = once(child, 'exit')
    signalProcess(identity, 'SIGKILL')
    await exited
    expect(isAlive(identity)).toBe(false)
    signalProcess(identity, 'SIGKILL')
  })
})
