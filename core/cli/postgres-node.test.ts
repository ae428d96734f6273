import { describe, expect, it } from 'vitest'
import { openKongSandbox } from '#core/cli/kong-sandbox.ts'
import { freePorts } from '#core/base/loopback-ports.ts'
import { postgresVariables } from '#core/kong/postgres-variables.ts'
import { openTestPostgres } from '#core/store/open-test-postgres.ts'

describe('nodes on PostgreSQL', () => {
  it(
    'start after a bootstrap, serve on while the database is away, and say so',
    { timeout: 180_000 },
    async () => {
      await using postgres = await openTestPostgres()
      const target = await postgres.createDatabase({ bootstrapped: false })
      await using sandbox = await openKongSandbox()
      const [admin = 0, proxy = 0, otherProxy = 0, nowhere = 0] = await freePorts(4)
      const common = {
        ...postgresVariables(target),
        KONG_PG_TIMEOUT: '2000',
      }
      const one = {
        ...common,
        KONG_PREFIX: 'kong-1',
        KONG_PROXY_LISTEN: `127.0.0.1:${proxy}`,
        KONG_ADMIN_LISTEN: `127.0.0.1:${admin}`,
      }
      const two = {
        ...common,
        KONG_PREFIX: 'kong-2',
        KONG_PROXY_LISTEN: `127.0.0.1:${otherProxy}`,
        KONG_ADMIN_LISTEN: 'off',
      }
      const early = await sandbox.kong(['start'], one)
      expect(early.exitCode).toBe(1)
      expect(early.stderr).toContain("run 'kong migrations bootstrap'")
      expect(await sandbox.kong(['migrations', 'bootstrap'], one)).toMatchObject({ exitCode: 0 })
      for (const node of [one, two]) {
        // oxlint-disable-next-line no-await-in-loop
        expect(await sandbox.kong(['start'], node)).toMatchObject({ exitCode: 0 })
      }

      const ask = async (method: string, path: string, body?: object): Promise<[number, any]> => {
        const answer = await fetch(`http://127.0.0.1:${admin}${path}`, {
          method,
          ...(body && {
            body: JSON.stringify(body),
            headers: { 'content-type': 'application/json' },
          }),
        })
        return [answer.status, await answer.json()]
      }
      // 502 tells that the route is there, 404 that it is not.
      const statuses = async (path: string): Promise<number[]> =>
        Promise.all(
          [proxy, otherProxy].map(
            async (at) => (await fetch(`http://127.0.0.1:${at}${path}`)).status,
          ),
        )
      const reachable = async (): Promise<unknown> =>
        (await ask('GET', '/status'))[1].database.reachable

      const service = { host: '127.0.0.1', port: nowhere, retries: 0 }
      expect((await ask('PUT', '/services/away', service))[0]).toBe(200)
      expect(await statuses('/before')).toEqual([404, 404])
      expect(
        (await ask('PUT', '/routes/before', { paths: ['/before'], service: { name: 'away' } }))[0],
      ).toBe(200)
      await expect.poll(() => statuses('/before')).toEqual([502, 502])
      await expect.poll(reachable).toBe(true)

      await postgres.crash()
      await expect.poll(reachable).toBe(false)
      expect(await statuses('/before')).toEqual([502, 502])
      expect((await ask('PUT', '/routes/lost', { paths: ['/lost'] }))[0]).toBeGreaterThanOrEqual(
        500,
      )

      await postgres.start()
      await expect.poll(reachable).toBe(true)
      const after = { paths: ['/after'], service: { name: 'away' } }
      expect((await ask('PUT', '/routes/after', after))[0]).toBe(200)
      await expect.poll(() => statuses('/after')).toEqual([502, 502])
      expect(await statuses('/lost')).toEqual([404, 404])
    },
  )
})
