import type { ContainerCreateOptions } from 'dockerode'
import type { Environment } from '#lab/runtime/runtime.ts'

/** What all containers of a lab have in common. */
export interface ContainerBase {
  readonly image: string
  /** `<source>:<target>[:ro]`, as the engine takes them. */
  readonly binds: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** Working directory: the run folder. */
  readonly folder: string
}

export interface ProcessContainer {
  readonly name: string
  readonly argv: readonly string[]
  readonly environment: Environment
  /** Id of the container whose network and processes it shares. */
  readonly pause: string
}

/**
 * What nodes need as root: transparent sockets, low ports and captures, and changing into another user who keeps these and
 * writes to the folder that all share.
 */
const capabilities = [
  'NET_ADMIN',
  'NET_RAW',
  'NET_BIND_SERVICE',
  'DAC_OVERRIDE',
  'SETUID',
  'SETGID',
  'SETPCAP',
  'KILL',
]

/**
 * The container that keeps the namespaces of one network namespace of the plan. It ends with its input, and takes along
 * all processes that share its process namespace; then the engine removes it.
 */
export function pauseContainer(
  base: ContainerBase,
  { name, hostname }: { readonly name: string; readonly hostname: string },
): ContainerCreateOptions {
  return {
    ...common(base),
    name,
    Hostname: hostname,
    Entrypoint: [],
    Cmd: ['cat'],
    AttachStdin: true,
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: {
      ...commonHost(base),
      // Reaps what processes leave behind.
      Init: true,
      NetworkMode: 'none',
    },
  }
}

/** A process of a node, in the namespaces of its pause container. */
export function processContainer(
  base: ContainerBase,
  { name, argv, environment, pause }: ProcessContainer,
): ContainerCreateOptions {
  return {
    ...common(base),
    name,
    Env: toList(environment),
    Entrypoint: [],
    Cmd: [...argv],
    HostConfig: {
      ...commonHost(base),
      NetworkMode: `container:${pause}`,
      PidMode: `container:${pause}`,
    },
  }
}

function common({ image, labels, folder }: ContainerBase): ContainerCreateOptions {
  return {
    Image: image,
    Labels: labels,
    WorkingDir: folder,
    User: '0:0',
  }
}

function commonHost({ binds }: ContainerBase): ContainerCreateOptions['HostConfig'] {
  return {
    AutoRemove: true,
    Binds: [...binds],
    CapDrop: ['ALL'],
    CapAdd: capabilities,
    SecurityOpt: ['no-new-privileges'],
    // Output goes to the run folder.
    LogConfig: { Type: 'none', Config: {} },
  }
}

/** Variables as the engine takes them. */
export function toList(environment: Environment): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`)
}
