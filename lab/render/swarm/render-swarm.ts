import { Document } from 'yaml'
import { store } from '#lab/render/store.ts'
import type { Workload, Workloads } from '#lab/render/workload.ts'
import { entitiesScript, taskScript } from './task-script.ts'
import type { SwarmOptions } from './swarm-options.ts'

/** Renders a topology as a stack file (version 3.8) for `docker stack deploy`. */
export function renderSwarm(workloads: Workloads, options: SwarmOptions): string {
  const stack = new Document(compileStack(workloads, options), { aliasDuplicateObjects: false })
  return `${header(workloads, options)}${stack.toString({ lineWidth: 0 })}`
}

function compileStack({ topology, workloads, kongFile }: Workloads, options: SwarmOptions): object {
  const common = { topology, options }
  return {
    version: '3.8',
    services: {
      [store.name]: storeService(common),
      ...(kongFile !== undefined && { entities: entitiesService(kongFile, common) }),
      ...Object.fromEntries(
        workloads.map((workload) => [workload.name, workloadService(workload, common)]),
      ),
    },
    // No way out, and one interface in each task, which is the one that the rules are for.
    networks: { mesh: { driver: 'overlay', attachable: true, internal: true } },
    volumes: { 'store-data': {} },
    secrets: { [store.secret]: { external: true } },
  }
}

interface Common {
  readonly topology: string
  readonly options: SwarmOptions
}

function workloadService(workload: Workload, common: Common): object {
  const { name, sidecar, processes } = workload
  const isNode = sidecar !== undefined || workload.kind === 'control-plane'
  return {
    ...baseService(common, { image: common.options.image }),
    // Its own name is its own address in /etc/hosts: what comes in for the service goes to the one of this task.
    hostname: name,
    command: ['bash', '-euc', escape(taskScript(workload))],
    cap_drop: ['ALL'],
    ...(sidecar !== undefined && {
      cap_add: ['NET_ADMIN', ...(processes.length > 0 ? ['SETGID', 'SETUID'] : [])],
    }),
    ...(isNode && { secrets: [store.secret] }),
  }
}

function entitiesService(kongFile: string, common: Common): object {
  const service = baseService(common, { image: common.options.image, restart: 'on-failure' })
  const script = entitiesScript(kongFile, common.options)
  return {
    ...service,
    command: ['bash', '-euc', escape(script)],
    cap_drop: ['ALL'],
    secrets: [store.secret],
  }
}

function storeService(common: Common): object {
  const { volumes, ...service } = baseService(common, {
    image: store.image,
    constraints: ['node.role == manager'],
  })
  return {
    ...service,
    environment: {
      POSTGRES_USER: store.user,
      POSTGRES_DB: store.database,
      POSTGRES_PASSWORD_FILE: `/run/secrets/${store.secret}`,
    },
    secrets: [store.secret],
    volumes: [
      { type: 'volume', source: 'store-data', target: '/var/lib/postgresql/data' },
      ...(volumes ?? []),
    ],
  }
}

interface ServiceBase {
  readonly volumes?: readonly object[]
  readonly [key: string]: unknown
}

function baseService(
  { topology, options: { mounts = [] } }: Common,
  {
    image,
    restart = 'any',
    constraints,
  }: {
    readonly image: string
    readonly restart?: 'any' | 'on-failure'
    readonly constraints?: readonly string[]
  },
): ServiceBase {
  const labels = { 'meshyard.topology': topology }
  return {
    image,
    init: true,
    labels,
    networks: ['mesh'],
    ...(mounts.length > 0 && {
      volumes: mounts.map((path) => ({
        type: 'bind',
        source: path,
        target: path,
        read_only: true,
      })),
    }),
    deploy: {
      // By name one finds a task, not an address of the engine's load balancer.
      endpoint_mode: 'dnsrr',
      restart_policy: { condition: restart, delay: '2s' },
      ...(constraints && { placement: { constraints } }),
      labels,
    },
  }
}

/** In a stack file a dollar sign begins the name of a variable. */
function escape(script: string): string {
  return script.replaceAll('$', '$$$$')
}

function header({ topology, summary }: Workloads, { image, mounts = [] }: SwarmOptions): string {
  const lines = [
    `The topology ${topology} for Docker Swarm. ${summary}`,
    '',
    'Make the password of the store first, then deploy this file under any name:',
    `  openssl rand -hex 24 | docker secret create ${store.secret} -`,
    '  docker stack deploy --compose-file FILE NAME',
    'Try it:',
    '  docker exec "$(docker ps --quiet --filter name=NAME_SERVICE)" curl http://OTHER:PORT',
    '',
    `All services but the store run the image ${image}, which holds the product.`,
    ...(mounts.length === 0
      ? []
      : [`Every machine has to have ${mounts.join(', ')}, which all containers mount.`]),
    'Swarm has no pods: a service and its sidecar are processes of one container, which ends when either of them does. It has the',
    'capability NET_ADMIN for the rules; the processes of the service run as nobody. The rules of a task that is replaced are loaded anew.',
    'Not as in a lab: services are reached by name, over IPv4; streams go where their client wants to, whatever Kong service they',
    'belong to; nothing is published outside of the network; and links, their faults and their captures are not there.',
    'The data of the store stay on the manager that it first ran on. Until the entities are there, nodes end and are started again.',
  ]
  return lines.map((line) => `#${line === '' ? '' : ` ${line}`}\n`).join('')
}
