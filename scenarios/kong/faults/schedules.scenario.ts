import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { hunt } from '#lab/faults/hunt.ts'
import { parseLabName } from '#lab/run/home.ts'
import { noRequestFails } from './properties.ts'

const root = join(import.meta.dirname, '../../..')

test('a property that one kind of fault violates is found, shrunk to that fault and written down so that it can be seen again', async () => {
  const folder = join(root, 'reports/out/faults', parseLabName(`hunt-${process.pid}`))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const none = {
    jitter: 0,
    delay: 0,
    loss: 0,
    partition: 0,
    reset: 0,
    restart: 0,
    pause: 0,
    kill: 0,
  }
  const found = await hunt({
    topology: 'sidecars',
    property: noRequestFails,
    propertyAt: { module: '#scenarios/kong/faults/properties.ts', name: 'noRequestFails' },
    // The first takes no link down, and so shows that other faults do not violate the property.
    seeds: [3, 9, 20, 23, 50, 59, 63],
    // A link that is down makes a dial fail at once; the others slow requests down at most.
    wish: {
      faults: 4,
      lengthMs: 300,
      longestMs: 900,
      weights: { ...none, down: 1, rate: 1, reorder: 1, 'store-down': 1 },
    },
    // Long enough for a client that a busy machine holds up meanwhile to see it, each time anew.
    shortestMs: 400,
    folder,
    shrinkWithinMs: 240_000,
  })
  if (found.kind !== 'found') throw new Error(`nothing was found in ${found.schedules} schedules`)
  expect(found.seed).not.toBe(3)
  expect(found.schedule.map(({ spec }) => spec.kind)).toEqual(['down'])
  expect(found.found.length).toBeGreaterThan(found.schedule.length)
  expect(await readFile(found.repro.scenario, 'utf8')).toContain('"kind": "down"')

  const repro = spawn(found.repro.script, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [[code], ...outputs] = await Promise.all([
    once(repro, 'exit'),
    text(repro.stdout),
    text(repro.stderr),
  ])
  const output = outputs.join('')
  expect(code, output).toBe(1)
  expect(output).toContain('a request failed')
}, 600_000)
