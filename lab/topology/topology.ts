/** A yard as data: namespaces and links, the nodes in them, what intercepts their traffic and what Kong is told. */
export interface Topology {
  /** `[a-z0-9-]{1,63}`. */
  readonly name: string
  /** One sentence for people. */
  readonly summary: string
  readonly namespaces: readonly NamespaceSpec[]
  readonly links: readonly LinkSpec[]
  readonly nodes: readonly NodeSpec[]
  readonly interception: readonly InterceptionSpec[]
  readonly kong: KongSpec | undefined
  /** Commands to try once it is up: a node and what to run there. */
  readonly tryNext: readonly string[]
}

export interface NamespaceSpec {
  /** `[a-z0-9-]{1,63}`. */
  readonly name: string
  readonly routes: readonly RouteSpec[]
  /** Settings of its network, below `net.`, for example `net.ipv4.tcp_ecn`: `1`. */
  readonly sysctls?: Readonly<Record<string, string>>
}

export interface RouteSpec {
  /** CIDR block or `default`. */
  readonly to: string
  readonly via: string
}

export type LinkSpec =
  | {
      readonly kind: 'veth'
      readonly name: string
      readonly ends: readonly [LinkEndSpec, LinkEndSpec]
    }
  | {
      readonly kind: 'bridge'
      readonly name: string
      readonly namespace: string
      readonly ends: readonly LinkEndSpec[]
    }

export interface LinkEndSpec {
  readonly namespace: string
  /** At most 15 characters. */
  readonly interface: string
  /** CIDR form, both families. */
  readonly addresses: readonly string[]
}

export type NodeKind = 'service' | 'proxy' | 'control-plane' | 'switch'

export interface NodeSpec {
  readonly name: string
  readonly kind: NodeKind
  readonly namespace: string
  /** The addresses by which packets of this node are known. */
  readonly addresses: readonly string[]
  readonly processes: readonly ProcessSpec[]
}

export type ProcessSpec = KongProcessSpec | NcatProcessSpec | EchoProcessSpec | CommandProcessSpec

export interface KongProcessSpec {
  readonly kind: 'kong'
  readonly name: string
  /** Folder below the run folder; all nodes of one run share its `kong.sqlite`. */
  readonly prefix: string
  /** Settings as kong.conf names them, for example `stream_listen`. */
  readonly settings: Readonly<Record<string, string>>
}

/** `ncat --listen --keep-open --verbose --sh-exec "echo '<answer>'"`. */
export interface NcatProcessSpec {
  readonly kind: 'ncat'
  readonly name: string
  readonly address: string
  readonly port: number
  readonly tls: boolean
  /** Goes through `echo` of /bin/sh, which turns `\r\n` into the characters they stand for. */
  readonly answer: string
}

export interface EchoProcessSpec {
  readonly kind: 'echo'
  readonly name: string
  readonly addresses: readonly string[]
  readonly ports: EchoPorts
}

export interface EchoPorts {
  readonly http: number
  readonly https: number
  readonly tcp: number
  readonly tls: number
}

export interface CommandProcessSpec {
  readonly kind: 'command'
  readonly name: string
  readonly argv: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  /** The process is ready when it listens on all of these. */
  readonly listens: readonly Endpoint[]
}

export interface Endpoint {
  readonly address: string
  readonly port: number
}

export type InterceptionSpec = PathInterceptionSpec | PodInterceptionSpec | CommandInterceptionSpec

/** TPROXY in a proxy's namespace that the traffic passes through; while it is installed the namespace forwards nothing. */
export interface PathInterceptionSpec {
  readonly kind: 'path'
  readonly namespace: string
  readonly inputInterface: string
  /** Addresses or CIDR blocks, both families. */
  readonly destinations: readonly string[]
  /** Destination port → port of the transparent listener on 127.0.0.1 and ::1. */
  readonly ports: readonly { readonly port: number; readonly listener: number }[]
}

/** TPROXY in a namespace that a service shares with its proxy: what the service dials, and what comes in for it. */
export interface PodInterceptionSpec {
  readonly kind: 'pod'
  readonly namespace: string
  /** Where connections from outside come in. */
  readonly inputInterface: string
  /** Destination port → port of the transparent listener on 127.0.0.1 and ::1. */
  readonly ports: readonly { readonly port: number; readonly listener: number }[]
  /**
   * By what the rules tell the proxy's own connections from those of its service: a mark on its sockets, or a user of
   * its own, which takes root.
   */
  readonly exempt: 'mark' | 'uid'
}

/** Commands run as they stand, in order. */
export interface CommandInterceptionSpec {
  readonly kind: 'commands'
  readonly namespace: string
  readonly install: readonly (readonly [string, ...string[]])[]
  readonly remove: readonly (readonly [string, ...string[]])[]
}

export interface KongSpec {
  /** Where the Admin API answers plain HTTP. */
  readonly admin: Endpoint & { readonly node: string }
  readonly services: readonly KongServiceSpec[]
  /** Routes without a service: what none of the services takes goes where its client wanted to go. */
  readonly routes?: readonly KongRouteSpec[]
}

export interface KongRouteSpec {
  readonly name: string
  readonly protocols: readonly string[]
  /** For HTTP. */
  readonly paths: readonly string[]
  /** For streams: destination ports. */
  readonly ports: readonly number[]
}

export interface KongServiceSpec {
  readonly name: string
  readonly url: string
  readonly route: {
    readonly protocols: readonly string[]
    readonly hosts: readonly string[]
    readonly destinations: readonly { readonly ip: string; readonly port: number }[]
  }
}
