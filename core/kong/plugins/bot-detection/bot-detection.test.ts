import { describe, expect, it } from 'vitest'
import { bob, gist, request } from '#core/kong/plugins/authentication/consumer-samples.ts'
import { pluginEntityFaults, sampleConfig } from '#core/kong/plugins/config-sample.ts'
import type { SampleFields } from '#core/kong/plugins/exchange-sample.ts'
import { sampleFilter } from '#core/kong/plugins/filter-sample.ts'
import { botDetection } from './bot-detection.ts'

async function ask(
  agent: string | readonly string[] | undefined,
  config: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const headers: SampleFields = agent === undefined ? {} : { 'User-Agent': agent }
  return gist((await request(sampleFilter(botDetection, config), { headers })).outcome)
}

const chrome =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/73.0.3683.86 Safari/537.36'

describe('bot-detection', () => {
  it('has the settings and place of Kong 1.1', () => {
    expect(sampleConfig(botDetection)).toEqual({ whitelist: null, blacklist: null })
    expect(botDetection.priority).toBe(2500)
    expect(pluginEntityFaults(botDetection, { consumer: { id: bob.id }, run_on: 'all' })).toEqual({
      consumer: 'value must be null',
      run_on: 'expected one of: first',
    })
  })

  it('refuses what is no regular expression', () => {
    expect(pluginEntityFaults(botDetection, { config: { blacklist: ['(bot'] } })).toEqual({
      config: { blacklist: ['not a valid regex: (bot'] },
    })
  })

  it.for([
    'Googlebot/2.1 (+http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
    'facebookexternalhit/1.1',
    'Twitterbot/1.0',
    'HttpMonitor/1.0',
    'Python-urllib/2.7',
    'Scrapy/1.5 (+https://scrapy.org)',
    'Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)',
    'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.0; .NET CLR) MSIECrawler',
    'Mozilla/5.0 (Windows NT 6.1) Gecko Firefox (via Google /+/web/snippet)',
    'MyOwnCrawler',
    'somebody/1.0 SPIDER',
    'Mozilla/5.0 (compatible; Baiduspider/2.0)',
    'grub-client-1.4.3',
    'DoCoMo/1.0 Y!J-BRI/1.0',
    'Accoona-AI-Agent/1.1.1',
  ])('keeps %s out', async (agent) => {
    expect(await ask(agent)).toBe('403 Forbidden')
  })

  it.for([
    chrome,
    'curl/7.64.0',
    'Mozilla/5.0 (Linux; Android 7.0; CUBOT DINOSAUR) AppleWebKit/537.36 Chrome/73.0 Mobile',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 12_1 like Mac OS X) Version/12.0 Mobile/15E148 Safari/604.1',
    'facebookexternalhit',
    '',
    undefined,
  ])('lets %s pass', async (agent) => {
    expect(await ask(agent)).toBe('200')
  })

  it('goes by its own lists first, the whitelist before the blacklist', async () => {
    expect(await ask('Googlebot/2.1', { whitelist: ['^Google'] })).toBe('200')
    expect(await ask('curl/7.64.0', { blacklist: ['curl'] })).toBe('403 Forbidden')
    expect(await ask('curl/7.64.0', { whitelist: ['curl'], blacklist: ['curl'] })).toBe('200')
  })

  it('says the same the second time', async () => {
    const filter = sampleFilter(botDetection)
    for (const expected of ['403 Forbidden', '403 Forbidden']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { outcome } = await request(filter, { headers: { 'User-Agent': 'Googlebot/2.1' } })
      expect(gist(outcome)).toBe(expected)
    }
  })

  it('wants a client to have one name', async () => {
    expect(await ask(['curl', 'Googlebot'])).toBe('400 Only one User-Agent header allowed')
  })

  it('takes no time for long names', async () => {
    const started = performance.now()
    await ask('a'.repeat(8000))
    await ask('Bot '.repeat(2000).replaceAll('o', '0'))
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
