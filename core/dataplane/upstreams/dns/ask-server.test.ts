import { describe, expect, it } from 'vitest'
import { askServer } from './ask-server.ts'

describe(askServer, () => {
  it('fails, and ends nothing else, when no packet can be sent to the server', async () => {
    // No socket may be connected to the broadcast address unless it asks for that: as without a route to the server.
    await expect(
      askServer(
        { address: '255.255.255.255', port: 53 },
        { name: 'example.test', type: 'A' },
        { timeoutMs: 5_000, signal: new AbortController().signal },
      ),
    ).rejects.toThrow(/EACCES/)
  })
})
