import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Capability, CapabilityName } from '#netns/capabilities.ts'
import { fingerprint } from '#netns/fingerprint.ts'
import { projectRoot } from '#lab/run/home.ts'
import { judgeMachine } from './check-machine.ts'
import { judgeTool } from './check-tools.ts'
import type { Check } from './check.ts'
import { judgeCapabilities } from './judge-capabilities.ts'
import { fixesOf, mend } from './mend.ts'
import { renderChecks } from './render-checks.ts'

function render(checks: readonly Check[]): string {
  return renderChecks(checks, new PassThrough())
}

describe(judgeCapabilities, () => {
  const all = [
    'veth',
    'nft in process',
    'nft TPROXY IPv4',
    'nft TPROXY IPv6',
    'netem',
    'NFQUEUE',
  ] as const
  const more = ['iptables TPROXY IPv4', 'iptables TPROXY IPv6'] as const
  const without = (...missing: readonly CapabilityName[]): readonly Capability[] =>
    [...all, ...more].map((name) =>
      missing.includes(name)
        ? { name, works: false, why: 'ENOENT\n(unknown)' }
        : { name, works: true },
    )
  const told = (...missing: readonly CapabilityName[]): string =>
    render(judgeCapabilities(without(...missing)).filter(({ verdict }) => verdict !== 'works'))

  it('tells what takes the place of what is missing', () => {
    expect(told('netem', 'nft TPROXY IPv6')).toBe(`namespaces
  ~ nft TPROXY IPv6
      It does not work (ENOENT (unknown)); rules are made by iptables.
  ~ netem
      It does not work (ENOENT (unknown)); delay, loss and rate of links are made by a worker of our own (NFQUEUE), a little less exactly.

Labs can run here; 2 marked ~.
`)
  })

  it('tells what labs cannot do without, and what would bring it', () => {
    expect(told('veth', 'nft TPROXY IPv4', 'iptables TPROXY IPv4', 'netem', 'NFQUEUE'))
      .toBe(`namespaces
  ✗ veth
      This kernel does not do it (ENOENT (unknown)).
      Use a kernel with CONFIG_VETH, CONFIG_BRIDGE, CONFIG_IPV6, CONFIG_IP_MULTIPLE_TABLES and CONFIG_NETFILTER_XT_TARGET_TPROXY.
  ✗ nft TPROXY IPv4
      It does not work (ENOENT (unknown)); neither does iptables, so nothing can be intercepted.
      Install the package nftables, and use a kernel with CONFIG_NFT_TPROXY.
  ~ netem
      It does not work (ENOENT (unknown)); neither does NFQUEUE, so links cannot be slowed down.
      Use a kernel with CONFIG_NET_SCH_NETEM, or one with CONFIG_NETFILTER_NETLINK_QUEUE.
  ~ NFQUEUE
      It does not work (ENOENT (unknown)); neither does netem, so links cannot be slowed down.
      Use a kernel with CONFIG_NETFILTER_NETLINK_QUEUE, or one with CONFIG_NET_SCH_NETEM.
  ✗ iptables TPROXY IPv4
      It does not work (ENOENT (unknown)); neither does nft, so nothing can be intercepted.
      Install the package iptables, and use a kernel with CONFIG_NETFILTER_XT_TARGET_TPROXY.

Labs cannot run here: veth, nft TPROXY IPv4, iptables TPROXY IPv4.
`)
  })
})

describe(judgeTool, () => {
  const unshare = {
    name: 'util-linux',
    argv: ['unshare'],
    package: 'util-linux',
    atLeast: '2.34',
  } as const

  it('compares versions as numbers', () => {
    const verdictOf = (version: string): string =>
      judgeTool(unshare, `unshare from util-linux ${version}`).verdict
    expect(['2.33', '2.4', '2.34', '2.38.1', '3.0'].map(verdictOf)).toStrictEqual([
      'fails',
      'fails',
      'works',
      'works',
      'works',
    ])
  })

  it('tells the package of what is missing, and what is lost where labs work without', () => {
    const tshark = {
      name: 'tshark',
      argv: ['tshark'],
      package: 'tshark',
      without: 'no second opinion',
    } as const
    const checks = [
      judgeTool(unshare, undefined),
      judgeTool(unshare, 'unshare from util-linux 2.20'),
      judgeTool(tshark, undefined),
    ]
    expect(render(checks)).toBe(`tools
  ✗ util-linux
      It is not installed.
      Install the Debian package util-linux.
  ✗ util-linux: 2.20
      Labs use what came with version 2.34.
      Install the Debian package util-linux. A newer one is needed.
  ~ tshark
      It is not installed: no second opinion.
      Install the Debian package tshark.

Labs cannot run here: util-linux, util-linux.
`)
  })
})

describe(judgeMachine, () => {
  it('tells what is too little', () => {
    const machine = {
      nodeVersion: '22.3.0',
      limits: 'Max open files            256                  4096                 files     \n',
      memory: 'MemTotal:       1000000 kB\nMemAvailable:    131072 kB\n',
    }
    const checks = judgeMachine(machine, { PATH: join(projectRoot, 'lab/bin') })
    expect(render(checks)).toBe(`machine
  ✗ Node: 22.3.0
      Labs need Node 24 or newer.
      Run "npm run setup", which installs one for the project.
  ✗ open files: 256 at a time
      A lab of two sidecars needs 1024, one of two hundred 4096.
      Run "ulimit -n 4096" in this shell, or raise "nofile" in /etc/security/limits.conf.
  ~ memory: 128 MiB available
      A lab of two sidecars takes about 512 MiB.
      End what takes memory; "meshyard ps" shows what runs in a lab.

Labs cannot run here: Node, open files.
`)
  })
})

describe(mend, () => {
  const check = { category: 'tools', verdict: 'fails' } as const
  const checks: readonly Check[] = [
    { ...check, name: 'curl', fix: ['sh', '-c', 'exit 3'] },
    { ...check, name: 'ncat', fix: ['sh', '-c', 'exit 3'] },
    { ...check, name: 'tshark' },
    { ...check, name: 'ip', fix: ['true'] },
  ]

  it('shows each command once, and runs those it may', async () => {
    expect(fixesOf(checks).map(({ names }) => names)).toStrictEqual([['curl', 'ncat'], ['ip']])
    const out = new PassThrough()
    const asked: string[] = []
    const consents = async (command: string): Promise<boolean> => {
      asked.push(command)
      return command !== 'true'
    }
    expect(await mend(checks, { out, environment: process.env, consents })).toBe(1)
    expect(asked).toStrictEqual(['sh -c exit 3', 'true'])
    out.end()
    expect(await text(out)).toBe(
      'To mend curl, ncat:\n  sh -c exit 3\n  did not work: exit code 3\nTo mend ip:\n  true\n',
    )
  })
})

describe('meshyard doctor', { timeout: 240_000 }, () => {
  let home: string
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'doctor-'))
  })
  afterAll(() => {
    rmSync(home, { recursive: true })
  })
  const meshyard = (args: readonly string[], environment: NodeJS.ProcessEnv = {}) =>
    spawnSync(join(projectRoot, 'lab/bin/meshyard'), ['doctor', ...args], {
      encoding: 'utf8',
      env: { ...process.env, MESHYARD_HOME: home, ...environment },
    })
  /** What a lab that was killed leaves: its folder. */
  const leave = (name: string): void => {
    const wrapper = { pid: 1, startTime: '0', boot: 'another' }
    mkdirSync(join(home, name))
    writeFileSync(join(home, name, '.meshyard-run'), '')
    const state = { version: 1, name, topology: 'x', bare: true, backend: 'namespaces', wrapper }
    writeFileSync(join(home, name, 'lab.json'), JSON.stringify(state))
  }

  it('finds that labs work here, leaves nothing, and removes what others left once it may', () => {
    leave('old')
    const before = fingerprint()
    const { status, stdout } = meshyard(['-o', 'json'])
    expect(fingerprint()).toStrictEqual(before)
    expect(status).toBe(0)
    const { healthy, checks } = JSON.parse(stdout)
    expect(healthy).toBe(true)
    const old = {
      name: `run folder ${home}/old`,
      verdict: 'limited',
      fix: ['meshyard', 'down', '--name', 'old'],
    }
    expect(checks).toContainEqual(expect.objectContaining({ name: 'veth', verdict: 'works' }))
    expect(checks).toContainEqual(expect.objectContaining(old))

    const refused = meshyard(['--fix'])
    expect(refused.stderr).toBe(
      `To mend run folder ${home}/old:\n  meshyard down --name old\nNothing was run: add --yes to run these.\n`,
    )
    expect(readdirSync(home)).toStrictEqual(['old'])
    const mended = meshyard(['--fix', '--yes'])
    expect(mended).toMatchObject({ status: 0 })
    expect(mended.stdout).toMatch(/✓ run folders: none\n/)
    expect(readdirSync(home)).toStrictEqual([])
  })

  it('fails where a tool that labs need is missing, in plain text where nobody looks at a terminal', () => {
    const { status, stdout } = meshyard([], { PATH: '/nowhere', NO_COLOR: '1' })
    expect(status).toBe(1)
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toContain(`
  ✗ surroundings of a lab
      There is no unshare on PATH.
      Install the Debian package util-linux.
`)
    expect(stdout).toMatch(/^Labs cannot run here: surroundings of a lab\.$/m)
  })

  it('tells wrong usage', () => {
    expect(meshyard(['--yes'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^Error: --yes goes with --fix\. See "(?:lab\/bin\/)?meshyard help doctor"\.\n$/,
      ),
    })
    expect(meshyard(['-o', 'xml'])).toMatchObject({ status: 2 })
  })
})
