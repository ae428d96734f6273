import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLab, type Lab } from '#lab/lab.ts'
import { projectRoot } from '#lab/run/home.ts'
import { eventually } from '#scenarios/support/eventually.ts'

const echo = '10.2.0.6'
const admin = 'http://127.0.0.1:8001'
const storePort = 5432

test('a store in PostgreSQL that is down refuses changes and says so, nodes serve what they know, and healing brings it back', async () => {
  // Our own program, started as any other Kong is: on a PostgreSQL that the lab brings along.
  await using lab = await openLab('sidecars', {
    proxy: `command:${join(projectRoot, 'core/bin/kong')}`,
    backend: 'namespaces',
  })
  expect(await put(lab, 'spare')).toMatchObject({ status: 200 })
  expect(await ask(lab)).toBe(200)
  expect(await storeConnections(lab, 'kong-b')).toBeGreaterThan(0)
  {
    await using fault = await lab.fault({ kind: 'store-down' })
    expect(fault.status).toMatchObject({ by: 'rules', note: 'PostgreSQL refuses connections' })
    for (const name of ['spare', 'other']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const refused = await put(lab, name)
      // Kong tells its clients no more than that, and whoever reads its log why.
      expect(refused).toEqual({ status: 500, text: '{"message":"An unexpected error occurred"}' })
    }
    await eventually('the control plane does not log why', async () =>
      /Cannot reach .*postgres.*start PostgreSQL there/i.test(await errorLog(lab)),
    )
    await eventually('kong-b keeps its connection to the store', async () => {
      return (await storeConnections(lab, 'kong-b')) === 0
    })
    expect(await Promise.all(Array.from({ length: 10 }, () => ask(lab)))).toEqual(
      Array.from({ length: 10 }, () => 200),
    )
  }
  await eventually('changes are still refused', async () => {
    return (await put(lab, 'spare')).status === 200
  })
  // What is changed from then on reaches the proxies.
  expect(await ask(lab, '/gone')).toBe(200)
  const routes = await lab.node('control-plane').fetch(`${admin}/services/echo-http/routes`)
  const [, id = ''] = /"id":"([^"]+)"/.exec(await routes.text()) ?? []
  const changed = await send(lab, 'PATCH', `/routes/${id}`, {
    paths: ['/here'],
    strip_path: false,
  })
  expect(changed).toMatchObject({ status: 200 })
  await eventually('kong-a has not heard of the change', async () => {
    // What is left is the route for HTTPS, which asks for that.
    return (await ask(lab, '/gone')) === 426
  })
  expect(await ask(lab, '/here')).toBe(200)
}, 300_000)

/** A request through both proxies, over a connection of its own. */
async function ask(lab: Lab, path = '/'): Promise<number> {
  const { stdout } = await lab.exec('service-a', [
    ...(['curl', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}'] as const),
    `http://${echo}:18000${path}`,
  ])
  return Number(stdout)
}

async function errorLog(lab: Lab): Promise<string> {
  const logs = await lab.logs('control-plane')
  return logs.map(({ text }) => text).join('\n')
}

interface Answer {
  readonly status: number
  readonly text: string
}

function put(lab: Lab, name: string): Promise<Answer> {
  return send(lab, 'PUT', `/services/${name}`, { url: 'http://10.9.9.9' })
}

async function send(lab: Lab, method: string, path: string, body: object): Promise<Answer> {
  const response = await lab.node('control-plane').fetch(`${admin}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

/** Connections of a node to the store, as the kernel knows them. */
async function storeConnections(lab: Lab, node: string): Promise<number> {
  const filter = ['state', 'established', 'dport', '=', `:${storePort}`]
  const { stdout } = await lab.exec(node, ['ss', '-Htn', ...filter])
  return stdout.split('\n').filter((line) => line !== '').length
}
