import { describe, expect, it } from 'vitest'
import { gist, request } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { ipRestriction } from './ip-restriction.ts'

async function from(address: string, config: Readonly<Record<string, unknown>>): Promise<string> {
  const filter = sampleFilter(ipRestriction, config)
  return gist((await request(filter, { client: { address, port: 1 } })).outcome)
}

const refused = '403 Your IP address is not allowed'

describe('ip-restriction', () => {
  it('has the settings and place of Kong 1.1', () => {
    expect(sampleConfig(ipRestriction, { whitelist: ['10.0.0.0/8'] })).toEqual({
      whitelist: ['10.0.0.0/8'],
      blacklist: null,
    })
    expect(ipRestriction.priority).toBe(990)
    expect(
      pluginEntityFaults(ipRestriction, { config: { whitelist: ['::1'] }, run_on: 'all' }),
    ).toEqual({ run_on: 'expected one of: first' })
  })

  it('wants exactly one list', () => {
    const names = "'config.whitelist', 'config.blacklist'"
    const one = `only one of these fields must be non-empty: ${names}`
    expect(
      pluginEntityFaults(ipRestriction, {
        config: { whitelist: ['10.0.0.1'], blacklist: ['10.0.0.2'] },
      }),
    ).toEqual({ '@entity': [one] })
    expect(pluginEntityFaults(ipRestriction, {})).toEqual({
      '@entity': [one, `at least one of these fields must be non-empty: ${names}`],
    })
  })

  it('refuses what is no address or block', () => {
    const config = {
      whitelist: ['10.0.0.1', 'localhost', '10.0.0.0/40', 'fd00::/129', 'fd00::/8/8'],
    }
    expect(pluginEntityFaults(ipRestriction, { config })).toEqual({
      config: {
        whitelist: [
          null,
          'invalid cidr range: Invalid IP',
          'invalid cidr range: Invalid prefix: /40',
          'invalid cidr range: Invalid prefix: /129',
          'invalid cidr range: Invalid prefix: /8/8',
        ],
      },
    })
  })

  it('lets only listed clients pass with a whitelist', async () => {
    const config = { whitelist: ['127.0.0.2', '10.0.0.0/8', 'fd00::/64'] }
    expect(await from('127.0.0.2', config)).toBe('200')
    expect(await from('10.9.8.7', config)).toBe('200')
    expect(await from('fd00::7', config)).toBe('200')
    expect(await from('127.0.0.3', config)).toBe(refused)
    expect(await from('fd01::7', config)).toBe(refused)
  })

  it('keeps only listed clients out with a blacklist', async () => {
    const config = { blacklist: ['127.0.0.2', '10.0.0.0/8'] }
    expect(await from('127.0.0.2', config)).toBe(refused)
    expect(await from('10.9.8.7', config)).toBe(refused)
    expect(await from('127.0.0.3', config)).toBe('200')
  })
})
