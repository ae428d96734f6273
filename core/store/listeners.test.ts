import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Listeners } from './listeners.ts'

describe('Listeners', () => {
  it('hear once of changes that come while they are still to be told', async () => {
    const listeners = new Listeners(0)
    const heard: number[] = []
    using _listening = listeners.add((version) => void heard.push(version))
    await Promise.all([listeners.tell(1), listeners.tell(2), listeners.tell(3)])
    expect(heard).toEqual([3])
    await listeners.tell(4)
    expect(heard).toEqual([3, 4])
  })

  it('let those who come meanwhile go first where taking notice takes long', async () => {
    const listeners = new Listeners(0)
    const heard: number[] = []
    using _listening = listeners.add(async (version) => {
      heard.push(version)
      const end = performance.now() + 200
      while (performance.now() < end) await setImmediate()
    })
    await listeners.tell(1)
    const second = listeners.tell(2)
    // Others arrive one at a time, as new connections do.
    for (let version = 3; version <= 6; version += 1) {
      await setImmediate()
      void listeners.tell(version)
    }
    await second
    expect(heard).toEqual([1, 6])
  })

  it('are not told of what they know, and whoever tells it waits until they know it', async () => {
    const listeners = new Listeners(5)
    const heard: number[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    using _listening = listeners.add(async (version) => {
      await promise
      heard.push(version)
    })
    await listeners.tell(5)
    void listeners.tell(6)
    const again = listeners.tell(6).then(() => [...heard])
    resolve()
    expect(await again).toEqual([6])
    await listeners.tellAnew(2)
    expect(heard).toEqual([6, 2])
  })
})
