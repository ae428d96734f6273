import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLab, type Lab } from '#lab/lab.ts'
import { runLine, type Told } from '#lab/cli/run-line.ts'
import type { FaultStatus } from '#lab/faults/fault-spec.ts'
import { samplePair } from '#lab/topology/sample-pair.ts'

const timeoutMs = 120_000

const topology = samplePair([
  { kind: 'ncat', name: 'tcp', address: '10.0.0.2', port: 7, tls: false, answer: 'hello' },
])

let home: string
let lab: Lab
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'meshyard-'))
  lab = await openLab(topology, { name: 'pair', folder: join(home, 'pair') })
}, timeoutMs)
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  rmSync(home, { recursive: true })
}, timeoutMs)

function meshyard(line: string): Promise<Told> {
  return runLine(line.split(' '), { MESHYARD_HOME: home })
}

async function listed(): Promise<readonly FaultStatus[]> {
  return JSON.parse((await meshyard('fault list -o json --name pair')).stdout)
}

describe('meshyard fault', () => {
  it(
    'breaks a link, shows what probes measured, lists it and heals it',
    { timeout: timeoutMs },
    async () => {
      const made = await meshyard(
        'fault delay wire --ms 30 --jitter-ms 5 --from client --name pair',
      )
      expect(made).toMatchObject({ code: 0, stderr: '' })
      expect(made.stdout).toMatch(
        /^f\d+ delay wire --from=client --ms=30 --jitter-ms=5 \(.+\): a → b: \d+\.\d ms/,
      )
      const [fault] = await listed()
      expect(fault).toMatchObject({
        state: 'active',
        spec: { kind: 'delay', link: 'wire', from: 'client', ms: 30, jitterMs: 5 },
      })
      expect((await meshyard('ps --name pair')).stdout).toContain(`fault ${fault?.id} delay wire`)
      const healed = await meshyard(`fault heal ${fault?.id} --name pair`)
      expect(healed).toMatchObject({ code: 0, stdout: `${fault?.id} (delay) is healed.\n` })
      expect(await listed()).toEqual([])
      expect((await meshyard('fault list --name pair')).stdout).toBe('Nothing is broken.\n')
    },
  )

  it('heals everything at once', { timeout: timeoutMs }, async () => {
    await meshyard('fault pause server --name pair')
    await meshyard('fault add partition wire --name pair')
    expect((await listed()).map(({ spec }) => spec.kind)).toEqual(['pause', 'partition'])
    const healed = await meshyard('fault heal --all --name pair')
    expect(healed.stdout).toMatch(/^f\d+ \(pause\) is healed\.\nf\d+ \(partition\) is healed\.\n$/)
    expect(await listed()).toEqual([])
    const { stdout } = await lab.exec('client', ['ncat', '--recv-only', '10.0.0.2', '7'])
    expect(stdout).toBe('hello\n')
  })

  const inServer = async (script: string): Promise<string> =>
    (await lab.exec('server', ['sh', '-c', `for it in $(pgrep -x ncat); do ${script}; done`]))
      .stdout
  const stateOfServer = (): Promise<string> => inServer('ps -o stat= -p $it | cut -c1')
  const clockOfServer = (): Promise<string> =>
    inServer("tr '\\0' '\\n' </proc/$it/environ | grep ^FAKETIME= || echo right")

  it(
    'holds a node up until the last pause is healed, also one that is restarted or killed meanwhile',
    { timeout: timeoutMs },
    async () => {
      for (const kind of ['pause', 'pause', 'kill'])
        await meshyard(`fault ${kind} server --name pair`)
      const [first, , kill] = await listed()
      await meshyard(`fault heal ${kill?.id} --name pair`)
      await expect.poll(stateOfServer).toBe('T\n')
      await meshyard(`fault heal ${first?.id} --name pair`)
      await expect.poll(stateOfServer).toBe('T\n')
      await meshyard('fault restart server --name pair')
      await expect.poll(stateOfServer).toBe('T\n')
      await meshyard('fault heal --all --name pair')
      await expect.poll(stateOfServer).toMatch(/^[RS]\n$/)
    },
  )

  it(
    'shifts a clock by what was asked last of what is not healed, and starts nothing that is killed',
    { timeout: timeoutMs },
    async () => {
      for (const offset of ['+1y', '+2y', '+3y']) {
        await meshyard(`fault clock server ${offset} --name pair`)
      }
      const [first, , third] = await listed()
      expect(await clockOfServer()).toBe('FAKETIME=+3y\n')
      await meshyard(`fault heal ${first?.id} --name pair`)
      expect(await clockOfServer()).toBe('FAKETIME=+3y\n')
      await meshyard('fault kill server --name pair')
      await meshyard(`fault heal ${third?.id} --name pair`)
      expect(await clockOfServer()).toBe('')
      const again = await meshyard('fault restart server --name pair')
      expect(again.stderr).toMatch(/has ended: heal what ended it, or reset the lab/)
      const [, kill] = await listed()
      await meshyard(`fault heal ${kill?.id} --name pair`)
      expect(await clockOfServer()).toBe('FAKETIME=+2y\n')
      await meshyard('fault heal --all --name pair')
      expect(await clockOfServer()).toBe('right\n')
    },
  )

  it.each([
    ['fault heal --name pair', 2, /Say which fault to heal, or --all/],
    ['fault heal f99 --name pair', 1, /There is no fault f99: nothing is broken/],
    ['fault delay wire --ms soon --name pair', 2, /--ms takes a number, not "soon"/],
    ['fault delay wire --name pair', 2, /ms: must be from 0\.1 to 60000 milliseconds/],
    ['fault delay wire --ms=-5 --name elsewhere', 2, /ms: must be from 0\.1 to 60000/],
    ['fault delay wire --ms 5 --mbit 2 --name pair', 2, /"mbit" does not go with delay/],
    ['fault partition wire client --name pair', 2, /"client" is one argument too many/],
    ['fault store-down wire --name pair', 2, /"wire" is one argument too many/],
    ['fault kill --name pair', 2, /node: name one/],
    ['fault clock server 1y --name pair', 2, /offset: write a sign/],
    ['fault clock nobody -3d --name pair', 1, /node: there is no "nobody"/],
    ['fault list --ms 5 --name pair', 2, /--ms does not go with list/],
    ['fault --all --name pair', 2, /--all goes with heal/],
    ['fault delay moon --ms 5 --name pair', 1, /there is no "moon"; there are wire/],
    ['fault kill client --name pair', 1, /client runs nothing that a fault could hit/],
    ['fault store-down --name pair', 1, /runs no Kong node, and so has no store/],
    ['fault list -o yaml --name pair', 2, /"yaml" is no output format/],
    ['fault list --name elsewhere', 1, /No lab named elsewhere is up/],
  ])('answers "%s" with exit code %i and a reason', async (line, code, message) => {
    const answer = await meshyard(line)
    expect(answer.code).toBe(code)
    expect(answer.stderr).toMatch(message)
    expect(await listed()).toEqual([])
  })
})

describe('meshyard link', () => {
  it('lists ends with state, addresses and counters', { timeout: timeoutMs }, async () => {
    const { code, stdout } = await meshyard('link --name pair')
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^wire +veth +client:eth0 +up +\d+\/\d+ +\d+\/\d+ +10\.0\.0\.1\/24 fd00::1\/64$/m,
    )
    const before = JSON.parse((await meshyard('link wire -o json --name pair')).stdout)
    await lab.exec('client', ['ncat', '--recv-only', '10.0.0.2', '7'])
    const after = JSON.parse((await meshyard('link wire -o json --name pair')).stdout)
    expect(after[0].ends[0].sent.packets).toBeGreaterThan(before[0].ends[0].sent.packets)
    expect(after[0].ends[0].sent.packets).toBe(after[0].ends[1].received.packets)
  })

  it('takes a link down and up again, with what its end had', { timeout: timeoutMs }, async () => {
    const down = await meshyard('link wire down --from server --name pair')
    expect(down.stdout).toMatch(/client:eth0 +no-carrier/)
    expect(down.stdout).toMatch(/server:eth0 +down/)
    const up = await meshyard('link wire up --name pair')
    expect(up.stdout).toMatch(/client:eth0 +up/)
    expect(up.stdout).toMatch(/server:eth0 +up/)
    expect(await listed()).toEqual([])
    const { stdout } = await lab.exec('client', ['ncat', '--recv-only', '10.0.0.2', '7'])
    expect(stdout).toBe('hello\n')
  })

  it(
    'leaves an end down until the last fault that holds it is healed',
    { timeout: timeoutMs },
    async () => {
      await meshyard('fault down wire --from server --name pair')
      const [first] = await listed()
      await meshyard('fault down wire --from server --name pair')
      await meshyard(`fault heal ${first?.id} --name pair`)
      expect((await meshyard('link wire --name pair')).stdout).toMatch(/server:eth0 +down/)
      await meshyard('fault heal --all --name pair')
      expect((await meshyard('link wire --name pair')).stdout).toMatch(/server:eth0 +up/)
    },
  )

  it('names the links there are when asked for another', async () => {
    const { code, stderr } = await meshyard('link moon --name pair')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'Error: The lab pair has no link "moon"; it has wire.\n',
    })
  })
})
