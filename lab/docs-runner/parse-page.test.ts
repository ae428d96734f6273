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

  it('runs neither what is typed outside, which says why, nor other languages', () => {
    const outside = `<!-- not run: it would end everything -->\n\n${block('sh outside', 'rm -rf /')}`
    expect(parsePage(outside + block('json', '{}') + block('text', 'x'))).toEqual([])
    expect(faultsOf(`<!-- dear reader -->\n${block('sh outside', 'rm')}${outside}`)).toEqual([
      'line 3: nothing says why it is not run; write <!-- not run: REASON --> before it',
    ])
    expect(faultsOf(`<!-- not run: x -->\nText.\n${block('sh outside', 'rm')}`)).toHaveLength(1)
    expect(faultsOf(block('', 'x'))).toEqual([expect.stringContaining('has no language')])
  })

  it('reads sessions that several blocks are typed into', () => {
    const page = block('sh session=a', 'cd /') + block('sh session=a', 'pwd') + block('output', '/')
    expect(parsePage(page)).toMatchObject([
      { kind: 'command', session: 'a', script: 'cd /' },
      { kind: 'command', session: 'a', script: 'pwd', output: { text: '/' } },
    ])
    expect(faultsOf(block('sh session=a console=b', 'true'))).toHaveLength(1)
    expect(faultsOf(block('sh', 'true') + block('output session=a', 'x'))).toHaveLength(1)
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
      'line 12: "quietly" is neither "outside", "console=NAME" nor "session=NAME"',
      'line 15: there is no console "log" yet',
      'line 27: the command on line 21 has a block of output already',
      'line 18: a command that is left running needs a block of output, which tells when it is ready',
    ])
  })
})
