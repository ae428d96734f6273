import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { messageOf } from '#lab/run/fault.ts'
import { LabError } from '#lab/run/lab-error.ts'
import { findTopology } from './find-topology.ts'
import { parseTopology } from './parse-topology.ts'
import { readTopologyFile } from './read-topology-file.ts'
import { shortenTopology } from './shorten-topology.ts'
import { readTopologyText } from './topology-text.ts'

type Path = readonly (string | number)[]

interface Mutation {
  readonly what: string
  /** Changes the field of a copy. */
  readonly apply: (around: any, key: string | number) => void
}

const mutations: readonly Mutation[] = [
  {
    what: 'deleted',
    apply: (around, key) => {
      if (Array.isArray(around)) around.splice(Number(key), 1)
      else delete around[key]
    },
  },
  {
    what: 'renamed, or there twice',
    apply: (around, key) => {
      if (Array.isArray(around)) around.push(around[Number(key)])
      else {
        around[`${key}x`] = around[key]
        delete around[key]
      }
    },
  },
  ...[42, 'wrong', 'fd77::77', null, [], [{ a: [1] }]].map((value): Mutation => ({
    what: `replaced by ${JSON.stringify(value)}`,
    apply: (around, key) => {
      around[key] = value
    },
  })),
]

function* pathsOf(value: unknown, at: Path = []): Generator<Path> {
  if (at.length > 0) yield at
  if (typeof value !== 'object' || value === null) return
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  for (const [key, inner] of entries) yield* pathsOf(inner, [...at, key])
}

/** Every field of a topology in every wrong way, one at a time; what is alike, such as all nodes' names, once. */
function* mutatedTopologies(
  topology: unknown,
  seen: Set<string>,
): Generator<{ what: string; value: unknown }> {
  for (const path of pathsOf(topology)) {
    for (const { what, apply } of mutations) {
      const alike = `${path.map((step) => (typeof step === 'number' ? '#' : step)).join('.')} ${what}`
      if (seen.has(alike)) continue
      seen.add(alike)
      const value = structuredClone(topology)
      const around = path.slice(0, -1).reduce<any>((found, step) => found[step], value)
      apply(around, path.at(-1) ?? '')
      yield { what: `${path.join('.')} ${what}`, value }
    }
  }
}

it(
  'a topology with any field deleted, renamed or of another kind is read, or each fault told with line, column, field and remedy',
  { timeout: 240_000 },
  async () => {
    const seen = new Set<string>()
    const counts = { read: 0, refused: 0 }
    for (const name of ['chain:1', 'pods', 'tutorial']) {
      // oxlint-disable-next-line no-await-in-loop -- names of the built-in ones
      const short = JSON.parse(JSON.stringify(shortenTopology(await findTopology(name))))
      for (const { what, value } of mutatedTopologies(short, seen)) {
        const { value: read, locate } = readTopologyText(JSON.stringify(value, undefined, 1))
        try {
          parseTopology(read, 'mesh.json', { name: 'mesh', locate })
          counts.read += 1
        } catch (error) {
          counts.refused += 1
          expect(error, what).toBeInstanceOf(LabError)
          const [first, ...lines] = messageOf(error).split('\n')
          expect(first).toBe('The topology mesh.json cannot run:')
          expect(lines.pop()).toContain('meshyard validate --schema')
          for (const line of lines) {
            expect(line, what).toMatch(/^ {2}mesh\.json:\d+:\d+ (?:the file|[\w.[\]-]+): \S.+/)
            expect(line, what).not.toMatch(/Invalid input|Too (?:small|big)|undefined|NaN|\[object/)
          }
        }
      }
    }
    expect(counts.refused).toBeGreaterThan(500)
    // What is left out has a usual value, or is not needed.
    expect(counts.read).toBeGreaterThan(100)
  },
)

/** What is well formed and yet could not come up, by the field that says so. */
const impossible: readonly (readonly [string, Path, unknown, string])[] = [
  [
    'sidecars',
    ['namespaces', 0, 'routes', 0],
    'default via 10.9.9.9',
    'namespaces[0].routes[0].via: 10.9.9.9 is in no network that an interface of service-a is in',
  ],
  [
    'sidecars',
    ['namespaces', 0, 'routes', 0],
    'default via 10.1.0.',
    'namespaces[0].routes[0]: write a route',
  ],
  [
    'sidecars',
    ['namespaces', 0, 'routes', 0],
    '10.9.0.0/16 via fd00:1::3',
    'namespaces[0].routes[0]: 10.9.0.0/16 is not IPv6, as fd00:1::3 is',
  ],
  [
    'sidecars',
    ['links', 0, 'ends', 1, 'addresses', 0],
    '10.1.0.2/16',
    'links[0].ends[1].addresses[0]: 10.1.0.2 is links[0].ends[0].addresses[0], too',
  ],
  [
    'sidecars',
    ['links', 1, 'ends', 1, 'interface'],
    'dn0',
    'links[1].ends[1].interface: "dn0" is the interface of kong-a in links[0].ends[1], too',
  ],
  ['sidecars', ['links', 1, 'name'], 'a-bridge-of-long-name', 'links[1].name: a bridge is named'],
  [
    'sidecars',
    ['interception', 0, 'ports', 0],
    '19000:90000',
    'interception[0].ports[0]: write a port and the listener',
  ],
  [
    'sidecars',
    ['interception', 0, 'ports', 1],
    '19000:9443',
    'interception[0].ports[1]: interception[0].ports[0] says where port 19000 goes, too',
  ],
  [
    'sidecars',
    ['nodes', 3, 'processes', 0, 'address'],
    '10.2.0.9',
    'nodes[3].processes[0].address: 10.2.0.9 is no address of service-b, which has 10.2.0.5',
  ],
  [
    'sidecars',
    ['nodes', 4, 'processes', 0, 'settings', 'stream_listen'],
    '127.0.0.1:8001',
    'nodes[4].processes[0]: nodes[4].processes[0] has control-plane: 127.0.0.1 port 8001 already',
  ],
  [
    'sidecars',
    ['nodes', 4, 'processes', 0, 'settings', 'log_level'],
    'loud',
    'nodes[4].processes[0].settings.log_level: "loud" is none of debug',
  ],
  [
    'sidecars',
    ['nodes', 1, 'processes', 0, 'settings', 'stream_listen'],
    '127.0.0.1:9000 ssl',
    'nodes[1].processes[0].settings.stream_listen: "ssl" is no flag',
  ],
  [
    'sidecars',
    ['kong', 'admin'],
    { node: 'control-plane', port: 8444 },
    'kong.admin: the Admin API of control-plane does not answer plain HTTP on 127.0.0.1 port 8444',
  ],
  [
    'sidecars',
    ['kong', 'services', 0, 'url'],
    'fd77::77',
    'kong.services[0].url: begin with http://',
  ],
  [
    'sidecars',
    ['kong', 'services', 0, 'route', 'destinations'],
    [],
    'kong.services[0].route.destinations: is missing; a route for tcp needs one',
  ],
  [
    'chain:1',
    ['kong', 'routes', 1, 'paths', 0],
    'anywhere',
    'kong.routes[1].paths[0]: "anywhere" does not begin with "/"',
  ],
]

it.each(impossible)('%s with %s as %j is refused', async (name, path, value, fault) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'topology-'))
  const file = join(folder.path, 'mesh.json')
  const changed = JSON.parse(JSON.stringify(shortenTopology(await findTopology(name))))
  const around = path.slice(0, -1).reduce<any>((found, step) => found[step], changed)
  around[path.at(-1) ?? ''] = value
  writeFileSync(file, JSON.stringify(changed, undefined, 2))
  await expect(readTopologyFile(file)).rejects.toThrow(` ${fault}`)
})
