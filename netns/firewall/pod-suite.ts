import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { runInNamespace } from '#netns/command.ts'
import type { NetworkNamespace } from '#netns/namespace.ts'
import { connectTcp, type Endpoint, type TcpSocketOptions } from '#netns/sockets.ts'
import type { Firewall } from './firewall.ts'
import {
  LISTENER_PORT,
  openPod,
  OWN_MARK,
  podAddresses,
  podInterception,
  SERVICE_PORT,
} from './pod-network.ts'
import { accept, BRIEFLY, dial } from './proxied-path.ts'
import type { InPodOptions } from './transparent-proxy.ts'

interface Way {
  readonly by: 'mark' | 'uid'
  readonly exempt: InPodOptions['exempt']
  /** What sockets of the proxy have that those of the service do not. */
  readonly own: Pick<TcpSocketOptions, 'mark'>
  /** Connects as the service does, and says whether that came about. */
  readonly dialAsService: (
    namespace: NetworkNamespace,
    to: Endpoint,
    patienceMs?: number,
  ) => Promise<boolean>
}

/** This process is the proxy; by uid the service has to be another one, of another user. */
const ways: readonly Way[] = [
  {
    by: 'mark',
    exempt: { mark: OWN_MARK },
    own: { mark: OWN_MARK },
    dialAsService: async (namespace, to, patienceMs = 20_000) =>
      (await dial(namespace, to, { patienceMs })) === 'connected',
  },
  {
    by: 'uid',
    exempt: { uid: process.getuid?.() ?? 0 },
    own: {},
    dialAsService: async (namespace, { address, port }, patienceMs = 20_000) => {
      const asNobody = ['setpriv', '--reuid=65534', '--clear-groups', '--inh-caps=-all'] as const
      const ncat = ['ncat', '--wait', `${patienceMs}ms`, '--send-only', address, String(port)]
      const { exitCode } = await runInNamespace(namespace, [...asNobody, ...ncat], {
        timeoutMs: 30_000,
      })
      return exitCode === 0
    },
  },
]

/** What every firewall does for a proxy that shares a namespace with its service, shown with real connections. */
export function podSuite(firewall: Firewall): void {
  describe.each(ways)('in a pod, exempt by $by', ({ exempt, own, dialAsService }) => {
    const { ruleSet } = podInterception(exempt)

    describe.each([4, 6] as const)('over IPv%i', (family) => {
      const { pod, outside, listener } = podAddresses[family]
      const listenerEnd = { address: listener, port: LISTENER_PORT }
      const insideEnd = { address: pod, port: SERVICE_PORT }
      const outsideEnd = { address: outside, port: SERVICE_PORT }

      it('hands over what the service dials and what comes in for it, each with where it was going', async () => {
        using network = openPod()
        const [inside, beyond] = [network.namespace('pod'), network.namespace('outside')]
        await using proxy = await accept(inside, listenerEnd, { transparent: true })
        await using service = await accept(inside, insideEnd)
        await using other = await accept(beyond, outsideEnd)
        firewall.apply(inside, ruleSet)
        expect(await dialAsService(inside, outsideEnd)).toBe(true)
        expect(await dial(beyond, insideEnd)).toBe('connected')
        await expect
          .poll(() => proxy.accepted)
          .toEqual([seen(pod, outsideEnd), seen(outside, insideEnd)])
        expect([service.accepted, other.accepted]).toEqual([[], []])
      })

      it('lets the proxy out and in to its service, which sees the address that the proxy dials from', async () => {
        using network = openPod()
        const [inside, beyond] = [network.namespace('pod'), network.namespace('outside')]
        await using proxy = await accept(inside, listenerEnd, { transparent: true })
        await using service = await accept(inside, insideEnd)
        await using other = await accept(beyond, outsideEnd)
        firewall.apply(inside, ruleSet)
        const asClient = { ...own, transparent: true, bind: { address: outside, port: 0 } }
        expect(await dial(inside, outsideEnd, own)).toBe('connected')
        expect(await dial(inside, insideEnd, own)).toBe('connected')
        expect(await dial(inside, insideEnd, asClient)).toBe('connected')
        await expect
          .poll(() => service.accepted)
          .toEqual([seen(pod, insideEnd), seen(outside, insideEnd)])
        await expect.poll(() => other.accepted).toEqual([seen(pod, outsideEnd)])
        expect(proxy.accepted).toEqual([])
        firewall.remove(inside, ruleSet.name)
        expect(await dial(inside, insideEnd, { ...asClient, ...BRIEFLY })).not.toBe('connected')
      })

      it('lets nothing past a dead proxy in either direction, while without the rules both arrive', async () => {
        using network = openPod()
        const [inside, beyond] = [network.namespace('pod'), network.namespace('outside')]
        await using service = await accept(inside, insideEnd)
        await using other = await accept(beyond, outsideEnd)
        firewall.apply(inside, ruleSet)
        expect(await dialAsService(inside, outsideEnd, BRIEFLY.patienceMs)).toBe(false)
        expect(await dial(beyond, insideEnd, BRIEFLY)).toBe('timed out')
        expect([service.accepted, other.accepted]).toEqual([[], []])
        firewall.remove(inside, ruleSet.name)
        expect(await dialAsService(inside, outsideEnd)).toBe(true)
        expect(await dial(beyond, insideEnd)).toBe('connected')
        await expect.poll(() => other.accepted.length + service.accepted.length).toBe(2)
      })

      it('leaves connections within the pod alone', async () => {
        using network = openPod()
        const inside = network.namespace('pod')
        await using proxy = await accept(inside, listenerEnd, { transparent: true })
        await using service = await accept(inside, insideEnd)
        firewall.apply(inside, ruleSet)
        expect(await dialAsService(inside, insideEnd)).toBe(true)
        await expect.poll(() => service.accepted).toEqual([seen(pod, insideEnd)])
        expect(proxy.accepted).toEqual([])
      })

      it("takes no packet of the proxy's own connections for the service's, also none that has lost its socket", async () => {
        using network = openPod()
        const [inside, beyond] = [network.namespace('pod'), network.namespace('outside')]
        await using other = await accept(beyond, outsideEnd)
        firewall.apply(inside, ruleSet)
        const arrivals = once(other.server, 'connection')
        const socket = connectTcp(inside, outsideEnd, own)
        await once(socket, 'connect')
        const [peer]: Socket[] = await arrivals
        // Closed on this side first, and then reset for what the peer still says: neither has a socket of the proxy.
        const closed = once(socket, 'close')
        socket.on('error', () => {})
        socket.destroy()
        await closed
        const reset = once(peer ?? socket, 'close')
        peer?.write('too late')
        await reset
        expect(intercepted()).toBe(0)
        expect(await dialAsService(inside, outsideEnd, BRIEFLY.patienceMs)).toBe(false)
        expect(intercepted()).toBeGreaterThan(0)

        function intercepted(): number {
          return firewall
            .counters(inside, ruleSet.name)
            .filter(({ reason }) => reason.startsWith('What the service dials'))
            .reduce((sum, { packets }) => sum + packets, 0)
        }
      })
    })
  })

  it('gives a proxy in a pod back to itself when its sockets carry no mark', async () => {
    using network = openPod()
    const inside = network.namespace('pod')
    const { listener, outside } = podAddresses[4]
    await using proxy = await accept(
      inside,
      { address: listener, port: LISTENER_PORT },
      { transparent: true },
    )
    firewall.apply(inside, podInterception({ mark: OWN_MARK }).ruleSet)
    const end = { address: outside, port: SERVICE_PORT }
    expect(await dial(inside, end)).toBe('connected')
    await expect.poll(() => proxy.accepted.length).toBe(1)
    expect(await dial(inside, end, { mark: OWN_MARK, ...BRIEFLY })).toBe('refused')
    expect(proxy.accepted.length).toBe(1)
  })
}

function seen(from: string, to: Endpoint): string {
  return `${from} -> ${to.address}:${to.port}`
}
