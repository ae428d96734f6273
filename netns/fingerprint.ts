import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { hasLibnftables } from './native.ts'
import { namedNamespaceFolder } from './namespace.ts'
import { NetlinkSocket } from './netlink/netlink-socket.ts'
import { listAddresses, listLinks, listPolicyRules, listRoutes } from './netlink/listings.ts'
import { listNft, withoutCounters } from './state/rules.ts'

/** What a network leaves behind when it is not removed, as sorted lists of text that can be compared. */
export interface Fingerprint {
  readonly links: readonly string[]
  readonly addresses: readonly string[]
  readonly routes: readonly string[]
  readonly policyRules: readonly string[]
  /** One entry for each tool that lists rules, with a hash of what it lists without counters. */
  readonly firewall: readonly string[]
  /** Names below /run/netns. */
  readonly namedNamespaces: readonly string[]
  /** Mount points with type and source. */
  readonly mounts: readonly string[]
}

/** Takes the fingerprint of the namespaces the calling thread is in; inside a hop, that of the network hopped to. */
export function fingerprint(): Fingerprint {
  using socket = new NetlinkSocket('the current namespace')
  return {
    links: listLinks(socket).toSorted(),
    addresses: listAddresses(socket).toSorted(),
    routes: listRoutes(socket).toSorted(),
    policyRules: listPolicyRules(socket).toSorted(),
    firewall: firewallHashes(),
    namedNamespaces: namedNamespaces().toSorted(),
    mounts: mounts().toSorted(),
  }
}

function firewallHashes(): string[] {
  return [
    ...(hasLibnftables() ? [hashed('nft', listNft())] : []),
    ...saveTools.flatMap((tool) => {
      const { status, stdout } = spawnSync(tool, { encoding: 'utf8' })
      return status === 0 ? [hashed(tool, withoutCounters(stdout))] : []
    }),
  ]
}

const saveTools = ['iptables-save', 'ip6tables-save']

function hashed(tool: string, listed: string): string {
  return `${tool} ${createHash('sha256').update(listed).digest('hex')}`
}

function namedNamespaces(): string[] {
  try {
    return readdirSync(namedNamespaceFolder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** The fields of proc_pid_mountinfo(5) that name a mount; its numbers are left out. */
function mounts(): string[] {
  return readFileSync('/proc/thread-self/mountinfo', 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [mount = '', filesystem = ''] = line.split(' - ')
      const [, , , root, mountPoint] = mount.split(' ')
      const [type, source] = filesystem.split(' ')
      return `${mountPoint} ${type} ${source} ${root}`
    })
}
