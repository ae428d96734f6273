import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { NetworkNamespace } from './namespace.ts'
import { isNetworkKey, withDefaultSysctls, writeSysctls } from './sysctl.ts'

const forwarding = (): string => readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim()

describe('writeSysctls', () => {
  it('writes inside the namespace and nowhere else', () => {
    using namespace = NetworkNamespace.create()
    const home = forwarding()
    for (const value of ['1', '0']) {
      writeSysctls(namespace, { 'net.ipv4.ip_forward': value })
      expect(namespace.run(forwarding)).toBe(value)
      expect(forwarding()).toBe(home)
    }
  })

  it('names a key that does not exist', () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    expect(() => {
      writeSysctls(namespace, { 'net.ipv4.ip_froward': '1' })
    }).toThrow('Cannot set sysctl net.ipv4.ip_froward to "1" in kong-a: there is no such key')
  })

  it('names a value the kernel refuses', () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    expect(() => {
      writeSysctls(namespace, { 'net.ipv4.ip_forward': 'yes' })
    }).toThrow('Cannot set sysctl net.ipv4.ip_forward to "yes" in kong-a: the kernel refuses')
  })

  it('refuses a key that would change the whole machine', () => {
    using namespace = NetworkNamespace.create({ label: 'kong-a' })
    expect(() => {
      writeSysctls(namespace, { 'kernel.hostname': 'changed' })
    }).toThrow('only keys below "net." belong to a namespace')
  })
})

describe('isNetworkKey', () => {
  it.each([
    ['net.ipv4.conf.eth0/1.rp_filter', true],
    ['net.ipv6.conf.all.forwarding', true],
    ['net', false],
    ['net.//.kernel.hostname', false],
    ['net...kernel', false],
    ['vm.swappiness', false],
  ])('says of %s: %s', (key, expected) => {
    expect(isNetworkKey(key)).toBe(expected)
  })
})

describe('withDefaultSysctls', () => {
  it('turns forwarding off unless it is named', () => {
    expect(withDefaultSysctls({})).toMatchObject({
      'net.ipv4.ip_forward': '0',
      'net.ipv6.conf.all.forwarding': '0',
    })
    expect(withDefaultSysctls({ 'net.ipv4.ip_forward': '1' })).toMatchObject({
      'net.ipv4.ip_forward': '1',
      'net.ipv6.conf.all.forwarding': '0',
    })
  })
})
