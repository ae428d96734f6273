import { describe, expect, it } from 'vitest'
import { connectEngine, startFault } from './engine.ts'

describe(connectEngine, () => {
  it('says where nobody answers and what to do', async () => {
    const before = process.env['DOCKER_HOST']
    process.env['DOCKER_HOST'] = 'unix:///nowhere/engine.sock'
    try {
      await expect(connectEngine()).rejects.toThrow(
        /^No container engine answers at unix:\/\/\/nowhere\/engine\.sock \(there is no such socket\): start one.*DOCKER_HOST/,
      )
    } finally {
      if (before === undefined) delete process.env['DOCKER_HOST']
      else process.env['DOCKER_HOST'] = before
    }
  })
})

describe(startFault, () => {
  it('leaves the layers out that pass a fault on', () => {
    const said =
      '(HTTP code 400) unexpected - failed to create shim task: OCI runtime create failed: runc create failed: ' +
      'unable to start container process: exec: "nope": executable file not found in $PATH: unknown '
    expect(startFault(new Error(said))).toBe('"nope": executable file not found in $PATH')
  })

  it('keeps what it does not know whole', () => {
    expect(startFault(new Error('no space left\n'))).toBe('no space left')
  })
})
