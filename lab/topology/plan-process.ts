import { join } from 'node:path'
import { systemFolders } from '#lab/run/system-folders.ts'
import { kongListeners, listenSettings } from './listen-endpoints.ts'
import { storeEnvironment, type StorePlan } from './plan-store.ts'
import type { ProxySubject } from './proxy-subject.ts'
import { exemptions } from './plan-interception.ts'
import type { Endpoint, NodeSpec, ProcessSpec } from './topology.ts'

/** One process of a node, ready to be started with the run folder as its working directory. */
export interface ProcessPlan {
  readonly node: string
  readonly name: string
  readonly namespace: string
  readonly argv: readonly [string, ...string[]]
  /** Added to the small environment every process of a lab gets. */
  readonly environment: Readonly<Record<string, string>>
  readonly listens: readonly Endpoint[]
  /** Its stdout and stderr, relative to the run folder. */
  readonly log: string
  readonly kong: KongPlan | undefined
  /** Control planes do not get ready without it. */
  readonly early?: boolean
  /** Of its container, in a lab of containers. Default: that of the lab. */
  readonly image?: string
}

export interface KongPlan {
  readonly prefix: string
  /** Whether it proxies, and so has to apply the entities before it is ready. */
  readonly proxies: boolean
  /** It proxies, and it is also the one that is told the entities. */
  readonly asked?: boolean
  /** Its log does not tell what it has applied: it knows what there was when it started. */
  readonly silent?: boolean
}

interface Places {
  readonly root: string
  readonly node: string
  /** What tells rules in its namespace that a process is the proxy. */
  readonly exempt?: 'mark' | 'uid' | undefined
  /** Default: the product's own. */
  readonly proxy?: ProxySubject
  /** Of proxies that are not the product's own. */
  readonly store?: StorePlan | undefined
  /** The store is in this node, and its Kong makes the tables. */
  readonly hasStore?: boolean
  /** Where this node is told the entities; undefined where another one is. */
  readonly admin?: Endpoint | undefined
}

export function planProcess(node: NodeSpec, process: ProcessSpec, places: Places): ProcessPlan {
  const plan = {
    node: node.name,
    name: process.name,
    namespace: node.namespace,
    log: join('logs', `${node.name}.${process.name}.log`),
    kong: undefined,
    environment: {},
    ...compileProcess(process, places),
  }
  if (places.exempt === 'uid') return { ...plan, argv: [...asProxyUser, ...plan.argv] }
  if (places.exempt !== 'mark') return plan
  const { mark } = exemptions.mark
  return { ...plan, environment: { ...plan.environment, MESHYARD_SOCKET_MARK: String(mark) } }
}

/**
 * A user of its own that may still intercept, and write where root does: all nodes of a run share a folder. A
 * capability is kept across the start of another program only as an ambient one.
 */
const proxyCapabilities = ['net_admin', 'net_raw', 'net_bind_service', 'dac_override'].map(
  (name) => `+${name}`,
)
const asProxyUser = [
  'setpriv',
  ...['--reuid', '--regid'].map((option) => `${option}=${exemptions.uid.uid}`),
  '--clear-groups',
  ...['--inh-caps', '--ambient-caps'].map((option) => `${option}=${proxyCapabilities.join(',')}`),
  '--',
] as const

type Particular = Pick<ProcessPlan, 'argv' | 'listens'> & Partial<ProcessPlan>

function compileProcess(process: ProcessSpec, places: Places): Particular {
  switch (process.kind) {
    case 'kong':
      return compileKong(process, places)
    case 'ncat': {
      const { address, port, tls, answer } = process
      const listening = ['--listen', '--keep-open', '--verbose', ...(tls ? ['--ssl'] : [])]
      const program = tls
        ? (['sh', join(places.root, 'lab/services/ncat-over-tls.sh')] as const)
        : (['ncat'] as const)
      const command = `echo '${answer.replaceAll("'", String.raw`'\''`)}'`
      return {
        argv: [...program, ...listening, '--sh-exec', command, address, String(port)],
        listens: [{ address, port }],
      }
    }
    case 'echo': {
      const { http, https, tcp, tls } = process.ports
      return {
        argv: [
          places.node,
          trustsNobody,
          join(places.root, 'lab/services/main.ts'),
          ...process.addresses.map((address) => `--address=${address}`),
          `--http=${http}`,
          `--https=${https}`,
          `--tcp=${tcp}`,
          `--tls=${tls}`,
        ],
        environment: { NODE_COMPILE_CACHE: join(places.root, 'node_modules/.cache/meshyard') },
        listens: process.addresses.flatMap((address) =>
          [http, https, tcp, tls].map((port) => ({ address, port })),
        ),
      }
    }
    case 'command':
    default:
      return process
  }
}

/** A service that judges no certificate spares itself the loading of all authorities: a tenth of its start. */
const trustsNobody = '--use-openssl-ca'

function compileKong(process: Extract<ProcessSpec, { kind: 'kong' }>, places: Places): Particular {
  const { prefix, settings } = process
  const listening = listenSettings.map((name) => ({
    name,
    endpoints: kongListeners(settings, name).map(({ address, port }) => ({ address, port })),
  }))
  const proxies = listening.some(
    (each) => each.name !== 'admin_listen' && each.endpoints.length > 0,
  )
  const { proxy, store, root, admin } = places
  const isAsked = kongListeners(settings, 'admin_listen').some(({ port }) => port === admin?.port)
  const plan = {
    argv: [join(places.root, 'core/bin/kong'), 'start'] as const,
    environment: {
      ...Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [`KONG_${name.toUpperCase()}`, value]),
      ),
      KONG_PREFIX: prefix,
      KONG_NGINX_DAEMON: 'off',
    },
    listens: listening.flatMap((each) => each.endpoints),
    kong: { prefix, proxies, ...(proxies && isAsked && { asked: true }) },
  }
  if (proxy === undefined || proxy.kind === 'core') return plan
  return {
    ...plan,
    argv: [
      'sh',
      join(root, 'lab/services/start-kong.sh'),
      places.hasStore === true ? 'first' : 'other',
      storeMarker,
      proxy.kind === 'command' ? proxy.program : 'kong',
    ],
    environment: {
      ...foreignSettings,
      ...(store && storeEnvironment(store)),
      ...plan.environment,
      ...(proxy.kind === 'image' && { PATH: imagePath }),
    },
    kong: { ...plan.kong, silent: true },
    ...(proxy.kind === 'image' && { image: proxy.image }),
  }
}

/**
 * Its workers stay who they are: a lab of an ordinary user has no second user, and only root dials from the address of a
 * client. It tells nobody outside that it runs.
 */
const foreignSettings = { KONG_NGINX_USER: 'root root', KONG_ANONYMOUS_REPORTS: 'off' } as const

/** What an image calls kong is its own, not what labs have first on PATH. */
const imagePath = [
  ...systemFolders,
  ...['bin', 'nginx/sbin', 'luajit/bin'].map((folder) => `/usr/local/openresty/${folder}`),
].join(':')

/** In the run folder, once the store has its tables. */
const storeMarker = 'store.ready'
