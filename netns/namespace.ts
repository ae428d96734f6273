import { access, closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import {
  abort,
  bindMount,
  liftDescriptor,
  setNetworkNamespace,
  SystemCallError,
  unmount,
  unshareNetworkNamespace,
} from './native.ts'

/** Where `ip netns` looks for names. */
export const namedNamespaceFolder = '/run/netns'

export interface NamespaceOptions {
  /**
   * Binds the namespace to `/run/netns/NAME`, so that `ip netns` sees it. The caller holds a private mount namespace;
   * without one the name shows on the host. Without a name only this process knows the namespace.
   */
  readonly name?: string
  /** What errors call an anonymous namespace. Default: its name. */
  readonly label?: string
}

export function isNamespaceName(name: string): boolean {
  return /^[a-z0-9-]{1,63}$/.test(name)
}

/** A network namespace, alive at least as long as this object is not disposed of. */
export class NetworkNamespace implements Disposable {
  /** What errors call it. */
  readonly label: string
  /** Path below `/run/netns` of a named namespace. */
  readonly mountPoint: string | undefined
  #fd: number | undefined

  private constructor(fd: number, label: string, mountPoint: string | undefined) {
    this.#fd = fd
    this.label = label
    this.mountPoint = mountPoint
  }

  /** Makes a namespace with nothing in it but `lo`, which is down; the calling thread is back where it was when this returns. */
  static create(options: NamespaceOptions = {}): NetworkNamespace {
    const { name } = options
    if (name !== undefined && !isNamespaceName(name)) {
      throw new RangeError(
        `Cannot name a network namespace "${name}"; use 1 to 63 of a-z, 0-9 and "-"`,
      )
    }
    const label = options.label ?? name ?? 'an anonymous namespace'
    const fd = away(() => {
      unshareNetworkNamespace(`make the network namespace ${label}`)
      return liftDescriptor(openSync(currentNamespacePath, 'r'))
    })
    if (name === undefined) return new NetworkNamespace(fd, label, undefined)
    try {
      return new NetworkNamespace(fd, label, mountByName(fd, name))
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  /** Opens a namespace that exists: `/run/netns/NAME`, `/proc/PID/ns/net` or `/proc/PID/fd/N`. Errors call it by its label. */
  static open(path: string, { label = path }: { readonly label?: string } = {}): NetworkNamespace {
    return new NetworkNamespace(openSync(path, 'r'), label, undefined)
  }

  /** For passing to the kernel; belongs to this object. */
  get fd(): number {
    if (this.#fd === undefined) throw new Error(`The network namespace ${this.label} is closed`)
    return this.#fd
  }

  /** Path that other processes can open while this object and this process live. */
  get path(): string {
    return this.mountPoint ?? `/proc/${process.pid}/fd/${this.fd}`
  }

  /**
   * Runs an action with the calling thread inside the namespace and comes back, also when it throws. Sockets, spawned
   * processes and files below /proc/sys/net belong to the namespace when they are made within the action; whatever
   * Node defers to a later tick or to its thread pool (`net.connect`, `listen` with a host, `dns.lookup`) does not.
   *
   * Ends the process with SIGABRT when the way back fails: everything after would happen in the wrong network.
   * @throws TypeError when the action returns a promise, since what follows its first `await` runs at home.
   */
  run<result>(action: () => result): result {
    const { fd } = this
    const result = away(() => {
      setNetworkNamespace(fd, `enter the network namespace ${this.label}`)
      here = fd
      return action()
    })
    if (isPromiseLike(result)) {
      throw new TypeError(
        `An action run in the network namespace ${this.label} returned a promise; make sockets inside and await outside`,
      )
    }
    return result
  }

  /** Closes the descriptor and the name. The kernel frees the namespace once no process or socket is in it. */
  [Symbol.dispose](): void {
    if (this.#fd === undefined) return
    const fd = this.#fd
    this.#fd = undefined
    try {
      if (this.mountPoint !== undefined) unmountName(this.mountPoint)
    } finally {
      closeSync(fd)
    }
  }
}

/** Namespaces belong to threads, and `/proc/self` is the main thread. */
const currentNamespacePath = '/proc/thread-self/ns/net'

/** Descriptor of the namespace this thread is in; a module is loaded once per thread. */
let here: number | undefined

function away<result>(action: () => result): result {
  here ??= openHome()
  const back = here
  try {
    return action()
  } finally {
    comeBack(back)
  }
}

function comeBack(fd: number): void {
  try {
    setNetworkNamespace(fd, 'return to the network namespace this process came from')
    here = fd
  } catch (error) {
    writeSync(2, `${String(error)}; nothing after this would happen in the right network\n`)
    abort()
  }
}

function openHome(): number {
  // libuv makes its threads on first use, in the namespace of the thread that uses them, for the life of the process.
  // So they are made before the first hop. `access` always goes to the pool; `stat` may go to io_uring.
  access('/', () => {})
  return openSync(currentNamespacePath, 'r')
}

function mountByName(fd: number, name: string): string {
  const target = `${namedNamespaceFolder}/${name}`
  mkdirSync(namedNamespaceFolder, { recursive: true })
  closeSync(openSync(target, 'wx', 0o444))
  try {
    bindMount(`/proc/self/fd/${fd}`, target)
  } catch (error) {
    rmSync(target, { force: true })
    throw error
  }
  return target
}

function unmountName(target: string): void {
  try {
    unmount(target)
  } catch (error) {
    // Somebody ran `ip netns delete`.
    if (!(error instanceof SystemCallError) || !['EINVAL', 'ENOENT'].includes(error.code))
      throw error
  }
  rmSync(target, { force: true })
}

function isPromiseLike(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value
}
