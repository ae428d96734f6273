import { describe, expect, it } from 'vitest'
import { PageError } from './page.ts'
import { parsePage } from './parse-page.ts'

const block = (info: string, ...lines: string[]): string =>
  `\`\`\`${info}\n${lines.join('\n')}\n\`\`\`\n`

function faultsOf(page: string): readonly string[] {
  try {
    parsePage(page)
  } catch (error) {
    if (error instanceof PageError) return error.faults
    throw error
  }
  return []
}

describe('parsePage', () => {
  it('pairs commands with the output behind them, text between or not', () => {
    const page = `${block('sh', 'echo one')}You should see:\n${block('output', 'one')}${block('sh', 'true')}`
    expect(parsePage(page)).toEqual([
      {
        kind: 'command',
        line: 2,
        script: 'echo one',
        console: undefined,
        output: { line: 6, text: 'one' },
      },
      { kind: 'command', line: 9, script: 'true', console: undefined, output: undefined },
    ])
  })

  it('takes prompts off, and leaves continued lines as they are', () => {
    const page = block('sh', '$ KONG_PREFIX=a \\', '  kong start', '', '$ kong health')
    expect(parsePage(page)).toMatchObject([
      { script: 'KONG_PREFIX=a \\\n  kong start\n\nkong health' },
    ])
  })

  it('reads consoles that are left running, and later looks at them', () => {
    const page = block('sh console=log', 'tail -F x') + block('output', 'a')
    expect(parsePage(page + block('output console=log', 'b'))).toMatchObject([
      { kind: 'command', console: 'log', output: { text: 'a' } },
      { kind: 'look', console: 'log', output: { text: 'b' } },
    ])
  })

  it('runs neither what is typed outside nor other languages', () => {
    expect(
      parsePage(block('sh outside', 'rm -rf /') + block('json', '{}') + block('', 'x')),
    ).toEqual([])
  })

  it('tells every fault at once, with its line', () => {
    const page = [
      block('output', 'nothing before'),
      block('sh', '$ echo a', 'a'),
      block('sh', ''),
      block('sh quietly', 'echo'),
      block('output console=log', 'x'),
      block('sh console=server', 'ncat -l 1'),
      block('sh', 'echo a'),
      block('output', 'a'),
      block('output', 'b'),
    ].join('')
    expect(faultsOf(page)).toEqual([
      'line 2: no command stands before this output',
      'line 5: "a" stands between prompts; output has a block of its own',
      'line 9: the block has no command',
      'line 12: "quietly" is neither "outside" nor "console=NAME"',
      'line 15: there is no console "log" yet',
      'line 27: the command on line 21 has a block of output already',
      'line 18: a command that is left running needs a block of output, which tells when it is ready',
    ])
  })
})
