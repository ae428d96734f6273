import { describe, expect, it } from 'vitest'
import { Outbox, type OutboxOptions } from './outbox.ts'

interface Destination {
  readonly outbox: Outbox
  readonly batches: (readonly string[])[]
  readonly lines: string[]
  releases: number
}

function open(
  options: Partial<OutboxOptions> & { fail?: (attempt: number) => boolean } = {},
): Destination {
  let attempts = 0
  const found: Destination = {
    batches: [],
    lines: [],
    releases: 0,
    outbox: new Outbox({
      name: 'test',
      deliver: (entries) => {
        attempts += 1
        if (options.fail?.(attempts)) return Promise.reject(new Error(`attempt ${attempts}`))
        found.batches.push(entries)
        return Promise.resolve()
      },
      release: () => {
        found.releases += 1
      },
      log: (level, message) => found.lines.push(`${level}: ${message}`),
      ...options,
    }),
  }
  return found
}

describe('Outbox', () => {
  it('delivers everything in order, and what came meanwhile together', async () => {
    const gate = Promise.withResolvers<void>()
    const batches: (readonly string[])[] = []
    const { outbox } = open({
      deliver: async (entries) => {
        batches.push(entries)
        if (batches.length === 1) await gate.promise
      },
    })
    for (const entry of ['1', '2', '3']) outbox.add(entry)
    gate.resolve()
    await outbox[Symbol.asyncDispose]()
    expect(batches).toEqual([['1'], ['2', '3']])
  })

  it('fills a batch before it sends it', async () => {
    const { outbox, batches } = open({ batchSize: 2, flushAfterMs: 60_000 })
    for (const entry of ['1', '2', '3', '4', '5']) outbox.add(entry)
    await expect
      .poll(() => batches)
      .toEqual([
        ['1', '2'],
        ['3', '4'],
      ])
    await outbox[Symbol.asyncDispose]()
    expect(batches.at(-1)).toEqual(['5'])
  })

  it('waits for an incomplete batch no longer than it is told to', async () => {
    const started = performance.now()
    const { outbox, batches } = open({ batchSize: 10, flushAfterMs: 50 })
    outbox.add('1')
    await Promise.resolve()
    expect(batches).toEqual([])
    await expect.poll(() => batches).toEqual([['1']])
    expect(performance.now() - started).toBeGreaterThan(45)
    await outbox[Symbol.asyncDispose]()
  })

  it('tries again after a pause, and keeps the order', async () => {
    const started = performance.now()
    const { outbox, batches, lines } = open({ batchSize: 1, retries: 1, fail: (n) => n === 1 })
    outbox.add('1')
    outbox.add('2')
    await expect.poll(() => batches).toEqual([['1'], ['2']])
    expect(performance.now() - started).toBeGreaterThan(950)
    expect(lines).toEqual(['error: [test] will try again: attempt 1'])
    await outbox[Symbol.asyncDispose]()
  })

  it('drops what cannot be delivered, says so, and goes on', async () => {
    const { outbox, batches, lines } = open({ batchSize: 1, fail: (n) => n === 1 })
    outbox.add('1')
    outbox.add('2')
    await outbox[Symbol.asyncDispose]()
    expect(batches).toEqual([['2']])
    expect(lines).toEqual(['error: [test] dropped 1 record(s) at attempt 1: attempt 1'])
  })

  it('holds no more than it may', async () => {
    const gate = Promise.withResolvers<void>()
    const taken: string[] = []
    const { outbox, lines } = open({
      maxWaiting: 10,
      deliver: async (entries) => {
        await gate.promise
        taken.push(...entries)
      },
    })
    for (let entry = 0; entry < 100; entry += 1) outbox.add('xxx')
    gate.resolve()
    await outbox[Symbol.asyncDispose]()
    expect(taken).toHaveLength(3)
    expect(lines).toEqual([
      'error: [test] dropped a record: the destination does not take those before it',
    ])
    outbox.add('yyy')
    await outbox[Symbol.asyncDispose]()
    expect(taken.at(-1)).toBe('yyy')
  })

  it('does not pause when it ends', async () => {
    const started = performance.now()
    const { outbox, batches } = open({ retries: 10, fail: (n) => n < 4 })
    outbox.add('1')
    await outbox[Symbol.asyncDispose]()
    expect(batches).toEqual([['1']])
    // The three pauses would take 7 s.
    expect(performance.now() - started).toBeLessThan(4000)
  })

  it('ends in time although nobody takes anything, and says how much that was', async () => {
    const { outbox, lines } = open({
      closingMs: 50,
      batchSize: 1,
      // Cannot be stopped.
      deliver: () => new Promise(() => undefined),
      release: () => new Promise(() => undefined),
    })
    for (const entry of ['1', '2', '3']) outbox.add(entry)
    const started = performance.now()
    await outbox[Symbol.asyncDispose]()
    // Sooner than without being told: that is 5 s.
    expect(performance.now() - started).toBeLessThan(4500)
    expect(lines[0]).toMatch(/dropped 3 record\(s\): .* the plugin has ended/)
  })

  it('says what it drops at its end also just after another failure', async () => {
    const { outbox, lines } = open({ closingMs: 50, retries: 1000, fail: () => true })
    outbox.add('1')
    await expect.poll(() => lines).toHaveLength(1)
    await outbox[Symbol.asyncDispose]()
    expect(lines.at(-1)).toMatch(/dropped 1 record\(s\)/)
  })

  it('takes late entries, and holds nothing open for them', async () => {
    const destination = open({ batchSize: 10, flushAfterMs: 60_000 })
    await destination.outbox[Symbol.asyncDispose]()
    expect(destination.releases).toBe(1)
    destination.outbox.add('late')
    await expect.poll(() => destination.releases).toBe(2)
    expect(destination.batches).toEqual([['late']])
  })
})
