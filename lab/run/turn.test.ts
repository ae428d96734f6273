import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { takeTurn } from './turn.ts'

const folder = `/nowhere/${process.pid}`

describe(takeTurn, () => {
  it.for([
    ['a folder', folder],
    ['a folder whose name is longer than the address of a socket', `${folder}/${'x'.repeat(200)}`],
  ] as const)('lets one in at a time to %s', async ([, path]) => {
    const order: string[] = []
    const first = await takeTurn(path)
    const second = takeTurn(path).then((turn) => {
      order.push('second in')
      return turn
    })
    const elsewhere = await takeTurn(`${path}/other`)
    order.push('first out')
    await first[Symbol.asyncDispose]()
    await (await second)[Symbol.asyncDispose]()
    await elsewhere[Symbol.asyncDispose]()
    expect(order).toStrictEqual(['first out', 'second in'])
  })

  it('passes to the next when its holder is killed', async () => {
    const module = `${import.meta.dirname}/turn.ts`
    const code = `const { takeTurn } = await import(${JSON.stringify(module)})
      await takeTurn(${JSON.stringify(folder)})
      process.stdout.write('in')`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const waiting = takeTurn(folder)
    child.kill('SIGKILL')
    await using turn = await waiting
    expect(turn).toBeDefined()
  })

  it('stops waiting when told to', async () => {
    await using _first = await takeTurn(folder)
    const controller = new AbortController()
    const second = takeTurn(folder, controller.signal)
    controller.abort(new Error('enough'))
    await expect(second).rejects.toThrow('enough')
  })
})
