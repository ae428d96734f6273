import { describe, expect, it } from 'vitest'
import {
  anybody,
  bob,
  gist,
  ofBob,
  request,
} from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleHost } from '#core/kong/plugins/log-record/host-sample.ts'
import { acl } from './acl.ts'
import type { Acl } from './acls.ts'

const groups: readonly Acl[] = [
  { ...ofBob, id: 'a', group: 'users' },
  { ...ofBob, id: 'b', group: 'admins' },
]

const host = sampleHost({
  entities: {
    consumers: [anybody, bob],
    acls: groups,
  },
})

async function ask(
  config: Readonly<Record<string, unknown>>,
  id: string | undefined = bob.id,
): Promise<{ readonly answer: string; readonly groups: string | undefined }> {
  const { exchange, outcome } = await request(
    acl.openHttp?.(sampleConfig(acl, config), host) ?? {},
    {
      headers: { 'X-Consumer-Groups': 'spoofed' },
      ...(id !== '' && { principal: { id, credentialId: 'c' } }),
    },
  )
  return { answer: gist(outcome), groups: exchange.request.headers.get('X-Consumer-Groups') }
}

describe('acl', () => {
  it('case 136: runs on the first node, and only there', () => {
    const config = { whitelist: ['users'] }
    expect(pluginEntityFaults(acl, { config, run_on: 'first' })).toBeUndefined()
    expect(pluginEntityFaults(acl, { config, run_on: 'second' })).toEqual({
      run_on: 'expected one of: first',
    })
  })

  it('wants a whitelist or a blacklist, not both', () => {
    expect(pluginEntityFaults(acl, { config: {} })).toEqual({
      '@entity': [
        "only one of these fields must be non-empty: 'config.whitelist', 'config.blacklist'",
        "at least one of these fields must be non-empty: 'config.whitelist', 'config.blacklist'",
      ],
    })
    expect(pluginEntityFaults(acl, { config: { whitelist: ['a'], blacklist: ['b'] } })).toEqual({
      '@entity': [
        "only one of these fields must be non-empty: 'config.whitelist', 'config.blacklist'",
      ],
    })
  })

  it('lets those on the whitelist pass and tells the upstream of their groups', async () => {
    expect(await ask({ whitelist: ['users'] })).toEqual({ answer: '200', groups: 'users, admins' })
    const refusal = '403 You cannot consume this service'
    expect((await ask({ whitelist: ['guests'] })).answer).toBe(refusal)
    expect((await ask({ whitelist: ['users'] }, anybody.id)).answer).toBe(refusal)
  })

  it('keeps those on the blacklist out', async () => {
    expect((await ask({ blacklist: ['guests', 'admins'] })).answer).toBe(
      '403 You cannot consume this service',
    )
    expect((await ask({ blacklist: ['guests'] })).answer).toBe('200')
  })

  it('never passes on what a client says of its groups', async () => {
    const silent = { blacklist: ['guests'], hide_groups_header: true }
    expect(await ask(silent)).toEqual({ answer: '200', groups: undefined })
    expect(await ask({ blacklist: ['guests'] }, anybody.id)).toEqual({
      answer: '200',
      groups: undefined,
    })
  })

  it('refuses those whom nobody has asked who they are, and says so in the log', async () => {
    expect((await ask({ blacklist: ['guests'] }, '')).answer).toBe(
      '403 You cannot consume this service',
    )
    expect(host.lines).toContain(
      'error: Cannot identify the consumer, add an authentication plugin to use the ACL plugin',
    )
  })
})
