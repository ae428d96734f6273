import { once } from 'node:events'
import { expect, it } from 'vitest'
import { layOutLinks } from '#netns/link-layout.ts'
import { openNetwork } from '#netns/network.ts'
import { emptyNamespace, type NetworkPlan } from '#netns/network-plan.ts'
import { connectTcp } from '#netns/sockets.ts'
import { receiveIfThere } from './queue-native.ts'
import { repeatMark } from './repeat-filter.ts'
import { openRepeatSocket } from './repeat-socket.ts'

const plan: NetworkPlan = {
  namespaces: ['a', 'b'].map((name) => ({ name, ...emptyNamespace })),
  links: [
    {
      kind: 'veth',
      name: 'wire',
      ends: [
        { namespace: 'a', interface: 'eth0', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
        { namespace: 'b', interface: 'eth0', addresses: ['10.0.0.2/24', 'fd00::2/64'] },
      ],
    },
  ],
}

it.each([
  { address: '10.0.0.2', etherType: 0x0800 },
  { address: 'fd00::2', etherType: 0x86dd },
])(
  'receives what dials $address, whole, but nothing with the mark of its own',
  async ({ address, etherType }) => {
    using network = openNetwork(plan)
    const [, link] = layOutLinks(plan).interfaces.get('a') ?? []
    if (link === undefined) throw new Error('a has a link')
    const namespace = network.namespace('a')
    using socket = openRepeatSocket(namespace, link)
    const dial = async (port: number, mark?: number): Promise<void> => {
      const client = connectTcp(namespace, { address, port }, mark === undefined ? {} : { mark })
      // Nobody listens there, which is known once packets went both ways.
      await once(client, 'error')
    }
    const buffer = Buffer.alloc(1 << 16)
    const ports = (): readonly number[] => {
      const found: number[] = []
      for (let length = 1; length > 0;) {
        length = receiveIfThere(socket.fd, buffer)
        // Behind a virtio_net_hdr of 10 bytes.
        const frame = buffer.subarray(10, length)
        if (length === 0 || frame.readUInt16BE(12) !== etherType) continue
        const [protocol, at] = etherType === 0x0800 ? [frame[23], 34] : [frame[20], 54]
        if (protocol === 6) found.push(frame.readUInt16BE(at + 2))
      }
      return found
    }
    await dial(9, repeatMark)
    expect(ports()).toEqual([])
    await dial(9)
    expect(ports()).toEqual([9])
  },
)
