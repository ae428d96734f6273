import type { LinkPackets } from './link-captures.ts'
import type { Frame } from './pcap.ts'
import type { PcapngFile } from './pcapng/pcapng.ts'

/** Something that happened at a time; it is told at the first packet from then on. */
export interface Remark {
  readonly atMs: number
  readonly text: string
}

export interface MergeOptions {
  /** About the whole file. */
  readonly comments: readonly string[]
  readonly remarks: readonly Remark[]
  readonly keyLog: string
}

/** All packets of all links as one capture file, in the order of time; its interfaces are the links. */
export function mergePackets(links: readonly LinkPackets[], options: MergeOptions): PcapngFile {
  const remarks = options.remarks.toSorted((a, b) => a.atMs - b.atMs)
  let told = 0
  const due = (atMs: number): readonly string[] => {
    const begin = told
    while ((remarks[told]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs) told += 1
    return remarks.slice(begin, told).map(({ text }) => text)
  }
  return {
    comments: options.comments,
    application: 'meshyard',
    interfaces: links.map(({ link, interface: name, namespace, linkType }) => ({
      name: link,
      description: `${name} in the namespace ${namespace}`,
      linkType,
      snapLength: 0,
    })),
    keyLog: options.keyLog,
    packets: inOrder(links).map(({ index, frame }) => ({
      interface: index,
      atNs: frame.atNs,
      bytes: frame.bytes,
      originalLength: frame.originalLength,
      comments: due(frame.atMs),
    })),
  }
}

/** The numbers that frames have in the merged file, from 1. */
export function numberFrames(links: readonly LinkPackets[]): ReadonlyMap<Frame, number> {
  return new Map(inOrder(links).map(({ frame }, index) => [frame, index + 1]))
}

function inOrder(
  links: readonly LinkPackets[],
): readonly { readonly index: number; readonly frame: Frame }[] {
  return links
    .flatMap(({ frames }, index) => frames.map((frame) => ({ index, frame })))
    .toSorted((a, b) => (a.frame.atNs < b.frame.atNs ? -1 : a.frame.atNs > b.frame.atNs ? 1 : 0))
}
