import { describe, expect, it } from 'vitest'
import { locateInProgram } from './program-text.ts'

const text = `import { defineTopology } from 'meshyard/topology'

// const wire = { name: 'not this one' }
const wire = { name: 'wire', ends: [{ namespace: 'a' }, { namespace: 'b', /* ] */ "interface": "}" }] } as const
const links = [wire]
const names = ['a', 'b']

export default defineTopology({
  name: \`x}\`,
  ...common,
  'summary': 'It\\'s, well: {',
  nodes: [
    { name: 'a', kind: 'service' },
    { name: 'b', processes: [{ kind: 'ncat', port: 1 + 2, answer: f({ port: 3 }) }] },
    ...more.map((name) => ({ name })),
    { name: 'c' },
  ],
  namespaces: names.map((name) => ({ name, routes: [] })),
  links,
  kong: { admin: 'a', services() { return [] } },
} satisfies TopologyInput)
`

describe(locateInProgram, () => {
  it.each([
    [['name'], undefined, '9:9'],
    [['summary'], undefined, '11:14'],
    [['nodes', 1, 'name'], undefined, '14:13'],
    [['nodes', 1, 'processes', 0, 'port'], undefined, '14:52'],
    [['nodes', 1, 'processes', 0], 'answer', '14:59'],
    [['kong', 'admin'], undefined, '20:18'],
    [['kong', 'services'], undefined, '20:31'],
    [[], 'kong', '20:3'],
    [[], undefined, '8:31'],
  ] as const)('finds %j %s where it is written', (path, key, place) => {
    expect(locateInProgram(text)({ path, ...(key !== undefined && { key }) })).toBe(place)
  })

  it.each([
    [['links', 0, 'name'], '4:22'],
    [['links', 0, 'ends', 1, 'interface'], '4:96'],
  ] as const)('finds %j in a variable', (path, place) => {
    expect(locateInProgram(text)({ path })).toBe(place)
  })

  it.each([
    ['what is missing', ['nodes', 0, 'processes'], '13:5'],
    ['what is behind something spread', ['nodes', 3, 'name'], '12:10'],
    ['what a function makes', ['namespaces', 0, 'routes'], '18:15'],
    ['what is in no literal', ['interception', 0], '8:31'],
  ] as const)('tells of %s where it would be', (_what, path, place) => {
    expect(locateInProgram(text)({ path })).toBe(place)
  })

  it.each([
    ['an object', 'export default { name: "X" }', '1:24'],
    ['a variable', 'const it = {\n  name: "X",\n}\nexport default it', '2:9'],
    ['a variable that is itself', 'export default it\nconst it = it', '2:12'],
    ['a function', 'export default make()', '1:16'],
    ['nothing', '', '1:1'],
  ])('takes %s', (_what, program, place) => {
    expect(locateInProgram(program)({ path: ['name'] })).toBe(place)
  })
})
