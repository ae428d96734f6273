import { mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { runToEnd } from '#lab/run/run-to-end.ts'
import { findTopology } from './find-topology.ts'
import { defineTopology } from './define-topology.ts'
import { parseTopology } from './parse-topology.ts'
import { readTopologyFile } from './read-topology-file.ts'
import { fileFormats, renderTopologyFile } from './render-topology-file.ts'
import { topologyJsonSchema } from './schema-json.ts'
import { readTopologyText } from './topology-text.ts'

const schema = 'topology.schema.json'

function parse(text: string, source = 'mesh.yaml') {
  const { value, faults, locate } = readTopologyText(text)
  expect(faults).toStrictEqual([])
  return parseTopology(value, source, { name: 'mesh', locate })
}

describe.for(['sidecars', 'tutorial', 'pods', 'chain:3', 'star:4', 'full:2'])(
  '%s as a file',
  (name) => {
    it('is read back from YAML and JSON as it was', async () => {
      const topology = await findTopology(name)
      const yaml = renderTopologyFile(topology, { format: 'yaml', schema })
      const json = renderTopologyFile(topology, { format: 'json', schema })
      expect(parse(yaml)).toStrictEqual(topology)
      expect(parse(json)).toStrictEqual(topology)
    })
  },
)

describe('a short topology', () => {
  const text = `
nodes:
  - name: client
  - name: server
    processes:
      - kind: echo
      - { kind: ncat, port: 7, answer: hello }
links:
  - name: wire
    ends:
      - { namespace: client, addresses: [10.5.0.1/24] }
      - { namespace: server, addresses: [10.5.0.2/24, fd05::2/64] }
`

  it('has namespaces, interfaces, addresses, names and ports that nobody had to write', () => {
    const topology = parse(text)
    expect(topology.name).toBe('mesh')
    expect(topology.namespaces.map(({ name }) => name)).toStrictEqual(['client', 'server'])
    expect(topology.links[0]).toMatchObject({ kind: 'veth', ends: [{ interface: 'eth0' }, {}] })
    expect(topology.nodes[1]).toMatchObject({
      kind: 'service',
      addresses: ['10.5.0.2', 'fd05::2'],
      processes: [
        { name: 'echo', addresses: ['10.5.0.2', 'fd05::2'], ports: { http: 18_000 } },
        { name: 'ncat-7', address: '10.5.0.2', tls: false },
      ],
    })
  })
})

/** A file, and what is told of it. */
const wrong: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'a field, a kind and a namespace misspelt',
    `name: demo
namespaces: [left, right]
nodes:
  - name: left
    knd: service
  - name: right
    kind: proxi
    processes:
      - kind: kongg
        settings: {}
`,
    [
      'mesh.yaml:5:5 nodes[0].knd: there is no field "knd"; did you mean "kind"?',
      'mesh.yaml:7:11 nodes[1].kind: "proxi" is none of service, proxy, control-plane, switch; did you mean "proxy"?',
      'mesh.yaml:9:15 nodes[1].processes[0].kind: "kongg" is none of kong, ncat, echo, command; did you mean "kong"?',
    ],
  ],
  [
    'references to what is not there',
    `namespaces: [left, right]
nodes:
  - { name: a, namespace: lefd }
interception:
  - { kind: path, namespace: left, inputInterface: eth1, destinations: [10.0.0.0/8], ports: ["80:8000"] }
links:
  - name: wire
    ends: [{ namespace: left }, { namespace: right }]
kong: { admin: b }
`,
    [
      'mesh.yaml:3:27 nodes[0].namespace: there is no namespace "lefd"; did you mean "left"?',
      'mesh.yaml:5:52 interception[0].inputInterface: "eth1" is no interface of left; did you mean "eth0"?',
      'kong.admin.node: there is no node "b"',
    ],
  ],
  [
    'a field that others have',
    `nodes: [{ name: a }]
kong: { admin: a, services: [{ name: s, url: "http://127.0.0.1:1", routes: [] }] }
`,
    ['mesh.yaml:2:68 kong.services[0].routes: there is no field "routes"; did you mean "route"?'],
  ],
  [
    'one fault that two readings of it have',
    'nodes: [{ name: a }]\nnamespaces: [{ name: a, routes: [nonsense] }]\n',
    [
      'cannot run:\n  mesh.yaml:2:34 namespaces[0].routes[0]: write a route, such as "10.2.0.0/24 via 10.0.0.4" or "default via 10.1.0.3"\nEvery field',
    ],
  ],
  [
    'values of the wrong form, and what is missing',
    `nodes:
  - name: Left
    processes:
      - { kind: ncat, port: 70000 }
links:
  - { kind: veth, name: wire, ends: [{ namespace: left, addresses: [10.0.0.1] }] }
namespaces:
  - { name: left, routes: ["10.0.0.0/8 10.0.0.1"] }
`,
    [
      'mesh.yaml:2:11 nodes[0].name: use 1 to 63 lower-case letters',
      'mesh.yaml:4:29 nodes[0].processes[0].port: write a port, 1 to 65535',
      'mesh.yaml:4:9 nodes[0].processes[0].answer: is missing',
      'links[0].ends[0].addresses[0]: write an address with its prefix length',
      'namespaces[0].routes[0]: write a route, such as',
    ],
  ],
]

describe('a topology file with', () => {
  it.each(wrong)(
    '%s is refused: each fault with line, column, field and remedy',
    (_what, text, told) => {
      let message = ''
      try {
        parse(text)
      } catch (error) {
        message = error instanceof Error ? error.message : ''
      }
      for (const line of told) expect(message).toContain(line)
      expect(message).toMatch(/^The topology mesh\.yaml cannot run:\n/)
    },
  )

  it.each([
    ['broken indentation', 'nodes:\n  - name: a\n   kind: service\n', /:3:\d+: /],
    ['an alias of nothing', 'nodes:\n  - *missing\n', /:2:5: .*missing/],
    ['two documents', 'nodes: []\n---\nnodes: []\n', /:2:1: a topology is one document/],
    ['a field twice', 'nodes: []\nnodes: []\n', /:2:1: /],
  ])('%s is refused with line and column', async (_what, text, told) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'topology-'))
    const path = join(folder.path, 'mesh.yaml')
    writeFileSync(path, text)
    await expect(readTopologyFile(path)).rejects.toThrow(told)
  })
})

describe('a TypeScript file', () => {
  it('gives its default export, and is refused without one', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'topology-'))
    const path = join(folder.path, 'mesh.ts')
    writeFileSync(path, "export default { name: 'typed', nodes: [{ name: 'a' }] }\n")
    expect(await readTopologyFile(path)).toMatchObject({ name: 'typed', nodes: [{ name: 'a' }] })
    const other = join(folder.path, 'other.ts')
    writeFileSync(other, 'export const topology = 1\n')
    await expect(readTopologyFile(other)).rejects.toThrow('has no default export')
    const late = join(folder.path, 'late.ts')
    writeFileSync(late, "export default Promise.reject(new Error('not today'))\n")
    await expect(readTopologyFile(late)).rejects.toThrow(
      `Cannot load the topology ${late}, line 1: not today`,
    )
  })

  it.each(['defineTopology(', '('])(
    'has the line and column of each of its faults told, of what is behind "%s"',
    async (call) => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'topology-'))
      const path = join(folder.path, 'mesh.ts')
      const lines = [
        "import { defineTopology } from 'meshyard/topology'",
        `const topology = ${call}{`,
        "  name: 'typed',",
        "  nodes: [{ name: 'a', kind: 'servise' }],",
        '  wires: [],',
        '})',
        'export default topology',
      ]
      writeFileSync(path, `${lines.join('\n')}\n`)
      await expect(readTopologyFile(path)).rejects.toThrow(
        [
          `The topology ${path} cannot run:`,
          `  ${path}:4:30 nodes[0].kind: "servise" is none of service, proxy, control-plane, switch; did you mean "service"?`,
          `  ${path}:5:3 wires: there is no field "wires"`,
        ].join('\n'),
      )
    },
  )

  it.each([
    ['a slip of the pen', 'export default {\n  nodes: [}\n', 'line 2: Expression expected'],
    ['an error of its own', "export const a = 1\n\nthrow new Error('boo')\n", 'line 3: boo'],
  ])('that cannot be loaded for %s has the line told', async (_what, text, told) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'topology-'))
    const path = join(folder.path, 'mesh.ts')
    writeFileSync(path, text)
    // As a program of its own: what loads files for tests has other words for what is wrong with them.
    const ended = await runToEnd([join(projectRoot, 'lab/bin/meshyard'), 'validate', path])
    expect(ended).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: `Error: Cannot load the topology ${path}, ${told}\n`,
    })
  })

  it('is a module in a package of CommonJS, too', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'topology-'))
    writeFileSync(join(folder.path, 'package.json'), '{ "type": "commonjs" }')
    const path = join(folder.path, 'mesh.ts')
    const topology = await findTopology('sidecars')
    writeFileSync(path, renderTopologyFile(topology, { format: 'ts', schema }))
    expect(await readTopologyFile(path)).toStrictEqual(topology)
  })

  it('starts as one that defineTopology takes', async () => {
    const topology = await findTopology('sidecars')
    const text = renderTopologyFile(topology, { format: 'ts', schema })
    const data = text.slice(text.indexOf('defineTopology(') + 'defineTopology('.length, -2)
    expect(defineTopology(JSON.parse(data))).toStrictEqual(topology)
    expect(fileFormats).toContain('ts')
  })
})

describe('the published JSON schema', () => {
  it('is the one that files are read by; "meshyard validate --schema" prints it', () => {
    const published = readFileSync(join(projectRoot, 'lab/topology/topology.schema.json'), 'utf8')
    expect(JSON.parse(published)).toStrictEqual(JSON.parse(JSON.stringify(topologyJsonSchema())))
  })
})
