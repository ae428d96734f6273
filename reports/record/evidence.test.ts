import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { joinEvidence, readEvidence } from './evidence.ts'
import type { HopRecord } from './record.ts'
import { evidenceFileName, longestText, openScenarioLog } from './scenario-log.ts'

const task = { id: '-336949220_0_1' }
const command = {
  node: 'service-a',
  argv: ['true'],
  exitCode: 0,
  stdout: '',
  stderr: '',
  durationMs: 1,
}

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evidence-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('openScenarioLog', () => {
  it('has written each addition when the call returns, without being closed', () => {
    using log = openScenarioLog(task, { folder })
    log.setTopology({ name: 'sidecars', nodes: [], links: [] })
    log.addCommand(command)
    log.addHop(hopAt('2026-11-21T06:00:00.1Z'))
    log.addLog({ node: 'kong-a', name: 'error.log', text: 'one' })
    log.addLog({ node: 'kong-a', name: 'error.log', text: 'one\ntwo' })
    expect(readEvidence(folder, task.id)).toEqual({
      topology: { name: 'sidecars', nodes: [], links: [] },
      commands: [command],
      hops: [hopAt('2026-11-21T06:00:00.1Z')],
      logs: [{ node: 'kong-a', name: 'error.log', text: 'one\ntwo' }],
      captures: [],
      ledger: undefined,
      faults: [],
    })
  })

  it('puts a capture into the folder of the run and names it once, whatever its name', () => {
    const run = join(folder, 'run')
    mkdirSync(join(run, 'evidence'), { recursive: true })
    using log = openScenarioLog(task, { folder: join(run, 'evidence') })
    const add = (text: string): void => {
      log.addCapture({ name: '../kong/http on lo.pcapng', bytes: Buffer.from(text) })
    }
    add('first')
    add('second')
    const { captures } = joinEvidence([readEvidence(join(run, 'evidence'), task.id)])
    expect(captures).toEqual(['captures/..-kong-http-on-lo.pcapng'])
    expect(readFileSync(join(run, captures[0] ?? ''), 'utf8')).toBe('second')
  })

  it('forgets an earlier attempt', () => {
    for (const attempt of ['first', 'second']) {
      using log = openScenarioLog(task, { folder })
      log.addLog({ node: attempt, name: 'error.log', text: attempt })
    }
    expect(readEvidence(folder, task.id).logs.map(({ node }) => node)).toEqual(['second'])
  })

  it('keeps the end of a text that is too long and says so', () => {
    using log = openScenarioLog(task, { folder })
    log.addLog({ node: 'a', name: 'x', text: `${'x'.repeat(longestText)}the end` })
    const [kept] = readEvidence(folder, task.id).logs
    expect(kept?.text).toMatch(/^\[7 earlier characters left out\]\nx+the end$/)
  })

  it('refuses additions once it is closed', () => {
    const log = openScenarioLog(task, { folder })
    log[Symbol.dispose]()
    log[Symbol.dispose]()
    expect(() => log.addCommand(command)).toThrow('Cannot add a command')
  })

  it('drops what is added where no reporter collects', () => {
    using log = openScenarioLog(task, { folder: undefined })
    expect(() => log.addCommand(command)).not.toThrow()
  })
})

describe('readEvidence', () => {
  it('finds nothing where nothing was added', () => {
    expect(readEvidence(folder, 'other')).toMatchObject({ commands: [], faults: [] })
  })

  it('keeps what came before a line that a dying process left unfinished', () => {
    using log = openScenarioLog(task, { folder })
    log.addCommand(command)
    appendFileSync(join(folder, evidenceFileName(task.id)), '{"kind":"hop","val')
    const evidence = readEvidence(folder, task.id)
    expect(evidence.commands).toEqual([command])
    expect(evidence.faults).toEqual(['Evidence line 3 cannot be read and is left out.'])
  })
})

describe('joinEvidence', () => {
  it('sorts hops by time whatever the precision and lets the inner topology win', () => {
    const times = ['00.5Z', '00.25Z', '00Z', '00.251Z'].map((end) => `2026-11-21T06:00:${end}`)
    const part = { commands: [], logs: [], captures: [], ledger: undefined, faults: [] }
    const joined = joinEvidence([
      {
        ...part,
        hops: times.map(hopAt),
        topology: { name: 'tutorial', nodes: [], links: [] },
      },
      { ...part, hops: [], topology: { name: 'sidecars', nodes: [], links: [] } },
      { ...part, hops: [], topology: undefined },
    ])
    expect(joined.topology?.name).toBe('sidecars')
    expect(joined.hops.map(({ at }) => at.slice(17))).toEqual(['00Z', '00.25Z', '00.251Z', '00.5Z'])
  })
})

function hopAt(at: string): HopRecord {
  return {
    link: 'a',
    at,
    source: '10.1.0.2:40000',
    destination: '10.2.0.5:19000',
    from: 'service-a',
    to: undefined,
    payload: 'none',
    serverName: undefined,
    tls: undefined,
    packets: undefined,
    bytesToServer: 0,
    bytesToClient: 0,
    outcome: 'unanswered',
  }
}
