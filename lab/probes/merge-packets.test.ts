import { describe, expect, it } from 'vitest'
import type { LinkPackets } from './link-captures.ts'
import { mergePackets, numberFrames } from './merge-packets.ts'
import type { Frame } from './pcap.ts'

const frame = (atMs: number): Frame => ({
  atMs,
  atNs: BigInt(atMs) * 1_000_000n,
  bytes: Uint8Array.of(atMs),
  originalLength: 1,
})
const link = (name: string, times: readonly number[]): LinkPackets => ({
  link: name,
  interface: 'eth0',
  namespace: name,
  linkType: 1,
  frames: times.map(frame),
})
const links = [link('a', [1, 4, 9]), link('mesh', [2, 4])]

describe('mergePackets', () => {
  it('puts the packets of all links in the order of time, each with its interface', () => {
    const { packets, interfaces } = mergePackets(links, { comments: [], remarks: [], keyLog: '' })
    expect(packets.map(({ interface: index, bytes }) => [index, bytes[0]])).toEqual([
      [0, 1],
      [1, 2],
      [0, 4],
      [1, 4],
      [0, 9],
    ])
    expect(interfaces.map(({ name }) => name)).toEqual(['a', 'mesh'])
  })

  it('tells each remark once, at the first packet from its time on', () => {
    const remarks = [5, 0, 2, 99].map((atMs) => ({ atMs, text: `at ${atMs}` }))
    const { packets } = mergePackets(links, { comments: [], remarks, keyLog: '' })
    expect(packets.map(({ comments }) => comments)).toEqual([['at 0'], ['at 2'], [], [], ['at 5']])
  })

  it('numbers frames as the file has them', () => {
    const numbers = numberFrames(links)
    const ofLink = (index: number): readonly unknown[] =>
      (links[index]?.frames ?? []).map((each) => numbers.get(each))
    expect([ofLink(0), ofLink(1)]).toEqual([
      [1, 3, 5],
      [2, 4],
    ])
  })
})
