import { expect, it } from 'vitest'
import { openLab } from '#lab/lab.ts'
import { proxyBesideService } from './sample-pod.ts'

it('a Kong that is asked by the Admin API and proxies is ready once it goes by what it was told', async () => {
  await using lab = await openLab(proxyBesideService)
  await using client = lab.node('client')
  for (const host of ['10.5.0.2', '[fd05::2]']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is what is meant
    const response = await client.fetch(`http://${host}:18000/`)
    // Only a proxy says so, and this one keeps the address of the client.
    expect(response.headers.get('via')).toBe('kong/1.1.3')
    const source = host.startsWith('[') ? /^\[fd05::1\]:/ : /^10\.5\.0\.1:/
    expect(await response.json()).toMatchObject({ source: expect.stringMatching(source) })
  }
})
