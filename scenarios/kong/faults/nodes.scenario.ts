import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { expect } from 'vitest'
import type { LinkConnection } from '#lab/probes/link-captures.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import { untilInMesh } from '#scenarios/support/wire/mesh-protocol.ts'
import { greet, greetInVain, greeting, greetingsOn, linked } from './faulty-yard.ts'

onEveryTopology(
  (scenario, ground) => {
    const { serviceA, echo } = ground.addresses

    scenario('a killed node answers nobody until it is healed', async ({ yard }) => {
      {
        await using _fault = await yard.lab.fault({ kind: 'kill', node: 'kong-b' })
        expect(await stateOf(yard, 'kong-b')).toBe('stopped')
        await using client = greetInVain(yard)
        await eventually('kong-a did not dial kong-b a second time', async () => {
          const [stream] = await greetingsOn(yard, 'mesh')
          return stream !== undefined && stream.frames.last !== stream.frames.first
        })
        expect((await greetingsOn(yard, 'mesh'))[0]).toMatchObject({ outcome: 'unanswered' })
        expect(client.answered()).toBe(false)
      }
      expect(await stateOf(yard, 'kong-b')).toBe('running')
      // What it dialled in vain it may still try, and reach the node by in a scenario that knows nothing of it.
      await eventually('kong-a still dials', async () => {
        const { stdout } = await yard.run('kong-a', ['ss', '-Htn', 'state', 'syn-sent'])
        return stdout === ''
      })
      expect((await greet(yard)).stdout).toBe(greeting)
    })

    scenario(
      'a paused node takes what it is sent, says nothing, and goes on where it was',
      async ({ yard }) => {
        const fault = await yard.lab.fault({ kind: 'pause', node: 'kong-b' })
        const waiting = greet(yard)
        await eventually('no stream reached kong-b', async () => {
          return (await greetingsOn(yard, 'mesh')).some(({ outcome }) => outcome === 'open')
        })
        expect(await greetingsOn(yard, 'mesh')).toMatchObject([{ toClient: { bytes: 0 } }])
        expect(await greetingsOn(yard, 'b')).toEqual([])
        await fault.heal()
        expect((await waiting).stdout).toBe(greeting)
        expect(await greetingsOn(yard, 'b')).toHaveLength(1)
      },
    )

    scenario(
      'a restart gives a node new processes, and is over when they are ready',
      async ({ yard }) => {
        const before = await pidsOf(yard, 'kong-b')
        const { status } = await yard.lab.fault({ kind: 'restart', node: 'kong-b' })
        expect(status.state).toBe('over')
        const after = await pidsOf(yard, 'kong-b')
        expect(after).toHaveLength(before.length)
        expect(after).not.toEqual(before)
        expect(await yard.lab.faults()).toEqual([])
        expect((await greet(yard)).stdout).toBe(greeting)
      },
    )

    scenario(
      'resetting a node sends RST to both sides of what passes through it',
      async ({ yard }) => {
        const held = yard.run('service-a', [
          'bash',
          '-c',
          `exec 3<>/dev/tcp/${echo}/19000; printf hello >&3; cat <&3 >/dev/null`,
        ])
        const stream = (link: string) => streamOn(yard, link)
        await eventually('the stream did not reach the service', async () => {
          return (await stream('b'))?.toServer.bytes === 5
        })
        expect(await stream('mesh')).toMatchObject({ outcome: 'open' })
        const { status } = await yard.lab.fault({ kind: 'reset', node: 'kong-b' })
        expect(status.note).toMatch(/^\d+ connections reset$/)
        await held
        expect(await stream('mesh')).toMatchObject({ outcome: 'reset' })
        expect(await stream('b')).toMatchObject({ outcome: 'reset' })
        expect((await greet(yard)).stdout).toBe(greeting)
      },
    )

    scenario(
      'reset by rules, the streams of a node end with the next thing that either side says, and not before',
      async ({ yard }) => {
        const spoken = 'until [ -e "$0" ]; do sleep 0.02; done; printf more >&3; cat <&3 >/dev/null'
        const go = `${yard.lab.folder}/said-${randomUUID()}`
        const held = yard.run('service-a', [
          ...(['bash', '-c'] as const),
          `exec 3<>/dev/tcp/${echo}/19000; printf hello >&3; ${spoken}`,
          go,
        ])
        const stream = (link: string) => streamOn(yard, link)
        await eventually('the stream did not reach the service', async () => {
          return (await stream('b'))?.toServer.bytes === 5
        })
        const resetting = yard.lab.fault({ kind: 'reset', node: 'kong-b', by: 'rules' })
        await eventually('the rules are not there', async () => {
          const { stdout } = await yard.run('kong-b', ['nft', 'list', 'ruleset'])
          return stdout.includes('tcp flags set rst')
        })
        expect(await stream('mesh')).toMatchObject({ outcome: 'open' })
        await writeFile(go, '')
        expect((await resetting).status).toMatchObject({
          state: 'over',
          by: 'rules',
          note: expect.stringMatching(/^[1-9]\d* connections? reset$/),
        })
        await held
        expect(await stream('mesh')).toMatchObject({ outcome: 'reset' })
        // The rules are gone again, and with them what they did.
        const { stdout } = await yard.run('kong-b', ['nft', 'list', 'ruleset'])
        expect(stdout).not.toContain('tcp flags set rst')
        expect((await greet(yard)).stdout).toBe(greeting)
      },
    )

    scenario(
      'a node whose certificate has expired is refused by its peer with that alert',
      async ({ yard }) => {
        await untilInMesh(yard)
        expect(await askSecurely(yard)).toBe('200')
        {
          await using fault = await yard.lab.fault({ kind: 'expired-certificate', node: 'kong-b' })
          expect(fault.status.by).toBe('libfaketime')
          await eventually('kong-b did not join its mesh again', async () => {
            return (await yard.logged('kong-b', 'error.log')).includes('is a member of the mesh')
          })
          const sinceMs = Date.now()
          expect(await askSecurely(yard)).toBe('502')
          const { link } = await yard.wire({ sinceMs })
          const alerts = link('kong-a', 'kong-b').hops.map(({ tls }) => tls?.alert)
          expect(alerts).toContainEqual(
            expect.objectContaining({ by: 'client', name: 'certificate_expired' }),
          )
        }
        await eventually('kong-a and kong-b do not trust each other again', async () => {
          return (await askSecurely(yard)) === '200'
        })
      },
    )

    async function askSecurely(yard: Yard): Promise<string> {
      const { stdout } = await yard.run('service-a', [
        ...(['curl', '--silent', '--insecure', '--interface', serviceA] as const),
        '--output',
        '/dev/null',
        '--write-out',
        '%{http_code}',
        `https://${echo}:18443/`,
      ])
      return stdout
    }
  },
  { on: linked },
)

async function stateOf({ lab }: Yard, node: string): Promise<string | undefined> {
  return (await lab.status()).nodes.find(({ name }) => name === node)?.state
}

async function pidsOf({ lab }: Yard, node: string): Promise<readonly (number | undefined)[]> {
  const found = (await lab.status()).nodes.find(({ name }) => name === node)
  return found?.processes.map(({ pid }) => pid) ?? []
}

/** The first stream to the echo service on a link. */
async function streamOn(yard: Yard, link: string): Promise<LinkConnection | undefined> {
  const { echo } = yard.ground.addresses
  const found = await yard.connections()
  return found.find(
    ({ server, ...each }) =>
      each.link === link && server.address === echo && server.port === 19_000,
  )
}
