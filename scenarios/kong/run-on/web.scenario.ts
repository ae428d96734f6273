import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCanary } from '#lab/probes/canary.ts'
import { linesWithIds } from '#lab/probes/ledger/read-logs.ts'
import { idOf, openAdmin, type Admin } from '#scenarios/support/admin.ts'
import { eventually } from '#scenarios/support/eventually.ts'
import { extendTopology } from '#scenarios/support/extend-topology.ts'
import { expect } from '#scenarios/support/matchers.ts'
import { onEveryTopology } from '#scenarios/support/scenario.ts'
import type { Yard } from '#scenarios/support/stage.ts'
import { askWithCanary } from '#scenarios/support/wire/ask-with-canary.ts'
import { meshProtocolOf } from '#scenarios/support/wire/mesh-protocol.ts'
import { threeNodes, twoNodes } from './nodes.ts'

onEveryTopology(
  (scenario, ground) => {
    const { serviceA, kongA, between, echo, serviceB } = ground.addresses

    /** Ways between the nodes, and which node calls itself the first or the second one on them. */
    const ways = {
      'mutual TLS': { url: `https://${echo}:18443/`, service: 'echo-https', handledBy: twoNodes },
      'plain HTTP': { url: `http://${echo}:18000/`, service: 'echo-http', handledBy: twoNodes },
      'mutual TLS over three nodes': {
        url: `https://${serviceB}:18443/`,
        service: 'service-b-https',
        handledBy: threeNodes,
      },
    } as const

    /** Who a plugin was called by on each node that it ran on. */
    const callers = [
      { way: 'mutual TLS', runOn: 'first', called: [serviceA] },
      { way: 'mutual TLS', runOn: 'second', called: [kongA] },
      { way: 'mutual TLS', runOn: 'all', called: [serviceA, kongA] },
      { way: 'plain HTTP', runOn: 'first', called: [serviceA, kongA] },
      { way: 'plain HTTP', runOn: 'second', called: [] },
      { way: 'plain HTTP', runOn: 'all', called: [serviceA, kongA] },
      { way: 'mutual TLS over three nodes', runOn: 'first', called: [serviceA] },
      { way: 'mutual TLS over three nodes', runOn: 'second', called: [kongA, between] },
      { way: 'mutual TLS over three nodes', runOn: 'all', called: [serviceA, kongA, between] },
    ] as const

    scenario.for(callers)(
      'run_on $runOn over $way runs once on each node where it belongs: called by $called',
      async ({ way, runOn, called }, { yard }) => {
        await meshProtocolOf(yard)
        await using admin = await openAdmin(yard)
        const { url, service, handledBy } = ways[way]
        const name = `ran-${randomUUID()}.log`
        await admin.add(`/services/${service}/plugins`, {
          name: 'file-log',
          run_on: runOn,
          config: { path: join(yard.lab.folder, name) },
        })
        await admin.applied()
        const canaries = [makeCanary(), makeCanary()]
        for (const canary of canaries) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          await askWithCanary(yard, url, canary)
        }
        const text = await logged(yard, { name, lines: called.length * canaries.length })
        const clients = text
          .trim()
          .split('\n')
          .filter(Boolean)
          .map((line) => String(JSON.parse(line).client_ip))
        expect(clients.toSorted()).toEqual(canaries.flatMap(() => called).toSorted())
        const entries = linesWithIds({ node: 'the plugin', name, text })
        await expect(yard).toBalance({
          except: Object.fromEntries(canaries.map((canary) => [canary, { handledBy }])),
          counted: [
            {
              by: 'file-log',
              entries: entries.filter(({ id }) => canaries.includes(id ?? '')),
              times: called.length,
              of: canaries,
            },
          ],
        })
      },
    )

    const ends = [
      { way: 'mutual TLS', runOn: 'first', at: 'kong-a' },
      { way: 'mutual TLS', runOn: 'second', at: 'kong-b' },
      { way: 'mutual TLS', runOn: 'all', at: 'kong-a' },
      { way: 'plain HTTP', runOn: 'first', at: 'kong-a' },
      { way: 'plain HTTP', runOn: 'second', at: 'service-b' },
      { way: 'mutual TLS over three nodes', runOn: 'second', at: 'kong-m' },
    ] as const

    scenario.for(ends)(
      'a plugin that answers in place of the service and has run_on $runOn ends a request over $way at $at',
      async ({ way, runOn, at }, { yard }) => {
        await meshProtocolOf(yard)
        await using admin = await openAdmin(yard)
        const { url, service, handledBy } = ways[way]
        await answerOn(admin, `/services/${service}/plugins`, { runOn, message: 'answered' })
        await admin.applied()
        const canary = makeCanary()
        const { text } = await askWithCanary(yard, url, canary)
        const { message } = JSON.parse(text)
        expect(message).toBe(at === 'service-b' ? undefined : 'answered')
        await expect(yard).toBalance({ except: { [canary]: { handledBy, endsAt: at } } })
      },
    )

    scenario(
      'a configuration that does not run on a node leaves its place there to the next less specific one that does',
      async ({ yard }) => {
        await meshProtocolOf(yard)
        await using admin = await openAdmin(yard)
        // The first node sees one route, the second one another: by the path that the first one makes.
        const host = 'story.test'
        const url = `https://${echo}:18443`
        const outer = await admin.add('/services', { name: 'outer', url: `${url}/inner` })
        const inner = await admin.add('/services', { name: 'inner', url })
        const outerRoute = await admin.add(`${outer}/routes`, { hosts: [host] })
        const innerRoute = await admin.add(`${inner}/routes`, { hosts: [host], paths: ['/inner'] })

        const expected: Record<string, object> = {}
        const answers = async (message: string | undefined, at: string): Promise<void> => {
          await admin.applied()
          const canary = makeCanary()
          const { text } = await yard.node('service-a').fetch(`http://${echo}:18000/`, {
            headers: { host, 'user-agent': canary },
            source: serviceA,
          })
          expect(JSON.parse(text).message, at).toBe(message)
          expected[canary] = { endsAt: at }
          await expect(yard).toBalance({ except: expected })
        }

        // On kong-a: neither route nor service have one that runs there.
        await answerOn(admin, `${outerRoute}/plugins`, { runOn: 'second', message: 'outer route' })
        await answerOn(admin, `${outer}/plugins`, { runOn: 'second', message: 'outer service' })
        const global = await answerOn(admin, '/plugins', { runOn: 'first', message: 'global' })
        await answers('global', 'kong-a')

        // On kong-b: the route has none that runs there, the service has.
        await admin.remove(global)
        await answerOn(admin, `${innerRoute}/plugins`, { runOn: 'first', message: 'inner route' })
        const service = await answerOn(admin, `${inner}/plugins`, {
          runOn: 'second',
          message: 'inner service',
        })
        await answers('inner service', 'kong-b')

        // Neither has: nobody answers but the service, until there is one for everything.
        await admin.remove(service)
        await answers(undefined, 'service-b')
        await answerOn(admin, '/plugins', { runOn: 'second', message: 'global, second' })
        await answers('global, second', 'kong-b')
        // The control: another plugin of the same route does run on the first node.
        await answerOn(admin, `/routes/${idOf(outerRoute)}/plugins`, {
          name: 'request-termination',
          message: 'outer',
        })
        await answers('outer', 'kong-a')
      },
    )

    scenario('each plugin takes the values of run_on that it has use for', async ({ yard }) => {
      await using admin = await openAdmin(yard)
      // Of one name a service has one plugin.
      const services = new Map<string, string>()
      for (const runOn of ['first', 'second', 'all', 'third']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        services.set(runOn, await admin.add('/services', { name: runOn, host: 'a.test' }))
      }
      const taken: Record<string, readonly string[]> = {}
      for (const [name, config] of [
        ['key-auth', {}],
        ['ip-restriction', { blacklist: ['192.0.2.1'] }],
        ['request-transformer', {}],
        ['rate-limiting', { year: 1, policy: 'local' }],
        ['response-ratelimiting', { limits: { a: { year: 1 } }, policy: 'local' }],
        ['file-log', { path: '/dev/null' }],
        ['short-circuit', {}],
      ] as const) {
        const accepted: string[] = []
        for (const [run_on, service] of services) {
          // oxlint-disable-next-line no-await-in-loop
          const status = await admin.tryToAdd(`${service}/plugins`, { name, run_on, config })
          if (status === 201) accepted.push(run_on)
          else expect(status).toBe(400)
        }
        taken[name] = accepted
      }
      expect(taken).toEqual({
        'key-auth': ['first'],
        'ip-restriction': ['first'],
        'request-transformer': ['first'],
        'rate-limiting': ['first', 'second'],
        'response-ratelimiting': ['first', 'second'],
        'file-log': ['first', 'second', 'all'],
        'short-circuit': ['first', 'second', 'all'],
      })
    })
  },
  { adapt: extendTopology },
)

interface Answering {
  readonly name?: string
  readonly runOn?: string
  readonly message: string
}

/** Adds a plugin that answers in place of whatever comes after it. */
function answerOn(
  admin: Admin,
  path: string,
  { name = 'short-circuit', runOn = 'first', message }: Answering,
): Promise<string> {
  const config = name === 'short-circuit' ? { status: 503, message } : { status_code: 503, message }
  return admin.add(path, { name, run_on: runOn, config })
}

/** What a file in the lab's folder holds when it has that many lines, or more. */
async function logged(
  yard: Yard,
  { name, lines }: { readonly name: string; readonly lines: number },
): Promise<string> {
  let text = ''
  await eventually(`${lines} requests are logged`, async () => {
    text = await readFile(join(yard.lab.folder, name), 'utf8').catch(() => '')
    return text.split('\n').length - 1 >= lines
  })
  return text
}
