import { describe, expect, it } from 'vitest'
import { commandForScenario, typedCommand } from './typed-command.ts'

describe('typedCommand', () => {
  const script = 'sh setup.sh && vitest run --reporter=default'

  it('is the npm script with what was added to it', () => {
    const npm = { npm_lifecycle_event: 'test', npm_lifecycle_script: script }
    const own = ['node', 'vitest', 'run', '--reporter=default']
    expect(typedCommand(own, npm)).toBe('npm test')
    expect(typedCommand([...own, 'tcp', '-t', 'a claim'], npm)).toBe("npm test -- tcp -t 'a claim'")
  })

  it('is vitest with its arguments where npm runs no script of it', () => {
    const argv = ['node', 'vitest', 'run', "it's"]
    expect(typedCommand(argv, {})).toBe(String.raw`npx vitest run 'it'\''s'`)
    const other = { npm_lifecycle_event: 'npx', npm_lifecycle_script: 'vitest' }
    expect(typedCommand(argv, other)).toBe(String.raw`npx vitest run 'it'\''s'`)
  })
})

describe('commandForScenario', () => {
  it('matches the title it was made for and no other', () => {
    const title = 'a (b) costs $1.50 [c|d] * + ? ^ \\ {2}'
    const command = commandForScenario('a.scenario.ts', ['on sidecars'], title)
    const pattern = new RegExp(/ -t '(.*)'$/.exec(command)?.[1] ?? '')
    expect(pattern.test(`on sidecars ${title}`)).toBe(true)
    expect(pattern.test(`on sidecars ${title} too`)).toBe(false)
    expect(pattern.test(`on sidecars ${title.replace('.', 'x')}`)).toBe(false)
  })
})
