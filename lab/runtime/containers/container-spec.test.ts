import { describe, expect, it } from 'vitest'
import { pauseContainer, processContainer } from './container-spec.ts'

const base = {
  image: 'image',
  binds: ['/usr:/usr:ro', '/run-folder:/run-folder'],
  labels: { owner: 'me' },
  folder: '/run-folder',
}
const pause = pauseContainer(base, { name: 'pause', hostname: 'left' })
const process = processContainer(base, {
  name: 'process',
  argv: ['a', 'b c'],
  environment: { A: '1', B: 'x=y' },
  pause: 'abc',
})

describe('the containers of a lab', () => {
  it('have only the capabilities they need, are removed when they end, and carry the labels', () => {
    for (const { HostConfig, Labels, Image, WorkingDir } of [pause, process]) {
      expect(HostConfig).toMatchObject({
        AutoRemove: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        Binds: base.binds,
      })
      expect(HostConfig?.CapAdd).not.toContain('SYS_ADMIN')
      expect({ Labels, Image, WorkingDir }).toStrictEqual({
        Labels: base.labels,
        Image: 'image',
        WorkingDir: '/run-folder',
      })
    }
  })

  it('get no network from the engine, and those of a namespace share network and processes', () => {
    expect(pause.HostConfig).toMatchObject({ NetworkMode: 'none', Init: true })
    expect(process.HostConfig).toMatchObject({
      NetworkMode: 'container:abc',
      PidMode: 'container:abc',
    })
  })

  it('end with the input that the holder keeps open', () => {
    expect(pause).toMatchObject({ OpenStdin: true, StdinOnce: true, Cmd: ['cat'] })
  })

  it('run what the plan says, whatever the image would run', () => {
    expect(process).toMatchObject({ Entrypoint: [], Cmd: ['a', 'b c'], Env: ['A=1', 'B=x=y'] })
  })
})
