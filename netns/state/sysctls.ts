import { readFileSync } from 'node:fs'
import { sysctlPath } from '#netns/sysctl.ts'

/** Settings of a whole namespace that decide about packets; those of its interfaces come with the links. */
const always: readonly string[] = [
  ...['all', 'default'].flatMap((name) => [
    ...[
      'forwarding',
      'rp_filter',
      'accept_local',
      'route_localnet',
      'src_valid_mark',
      'arp_ignore',
      'arp_announce',
    ].map((key) => `net.ipv4.conf.${name}.${key}`),
    ...['forwarding', 'accept_dad', 'accept_ra', 'disable_ipv6'].map(
      (key) => `net.ipv6.conf.${name}.${key}`,
    ),
  ]),
  'net.ipv4.ip_forward',
  'net.ipv4.ip_nonlocal_bind',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.fwmark_reflect',
  'net.ipv4.tcp_fwmark_accept',
  'net.ipv6.bindv6only',
  'net.ipv6.ip_nonlocal_bind',
  'net.ipv6.fwmark_reflect',
]

/** `net.ipv4.ip_forward = 0` for each setting that counts and that this kernel has, of the thread's namespace. */
export function readSysctls(more: readonly string[]): readonly string[] {
  return [...new Set([...always, ...more])].flatMap((key) => {
    try {
      const value = readFileSync(sysctlPath(key), 'utf8').trim().replaceAll(/\s+/g, ' ')
      return [`${key} = ${value}`]
    } catch {
      // Not in this kernel, or not of a namespace.
      return []
    }
  })
}
