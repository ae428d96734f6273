import { expect, it } from 'vitest'
import { freePorts } from './loopback-ports.ts'

/** The first that Linux gives to a client, or to a server that asks for any port. */
const firstGivenOut = 32_768

it('ports that are free stay so: nobody is given one of them while its user still has to start', async () => {
  const ports = await freePorts(20)
  expect(new Set(ports).size).toBe(20)
  expect(ports.filter((port) => port >= firstGivenOut)).toEqual([])
})
