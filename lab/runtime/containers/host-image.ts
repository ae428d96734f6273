import { createHash } from 'node:crypto'
import { existsSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import tar from 'tar-stream'
import { errorCode } from '#lab/run/fault.ts'
import type { Engine } from './engine.ts'
import { importImage } from './import-image.ts'

/** `/sbin` is no link: the engine mounts its init there, which could not be done below the host's own `/usr`. */
const folders = ['proc', 'sys', 'dev', 'run', 'root', 'etc', 'usr', 'sbin', 'tmp', 'var', 'var/tmp']
const links = ['bin', 'lib', 'lib64']
const files = [
  { name: 'etc/passwd', text: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' },
  { name: 'etc/group', text: 'root:x:0:\nnogroup:x:65534:\n' },
  { name: 'etc/nsswitch.conf', text: 'hosts: files dns\n' },
]

/** Parts of this machine that its programs cannot do without. */
const shared = ['/usr', '/etc/alternatives', '/etc/ssl', '/etc/ld.so.cache', '/etc/protocols']

/** Mounts that make this machine's programs those of a container of the host image. */
export function hostBinds(): readonly string[] {
  return shared.filter((path) => existsSync(path)).map((path) => `${path}:${path}:ro`)
}

/**
 * Provides the image that has nothing in it but places to mount this machine's programs, by a tag that names its
 * content; made without a registry, it takes a tenth of a second and 100 bytes.
 */
export async function provideHostImage(engine: Engine): Promise<string> {
  const content = JSON.stringify({ folders, links, files })
  const tag = `host-${createHash('sha256').update(content).digest('hex').slice(0, 12)}`
  return importImage(engine, tag, () => {
    const pack = tar.pack()
    for (const name of folders) {
      pack.entry({ name, type: 'directory', mode: name.endsWith('tmp') ? 0o1777 : 0o755 })
    }
    for (const name of links) pack.entry({ name, type: 'symlink', linkname: `usr/${name}` })
    for (const { name, text } of files) pack.entry({ name }, text)
    pack.finalize()
    return pack
  })
}

/** Whether this machine keeps all its programs in /usr, so that mounting that is enough. */
export function isMerged(): boolean {
  return links.every((name) => isLinkIntoUsr(`/${name}`))
}

function isLinkIntoUsr(path: string): boolean {
  try {
    return readlinkSync(path).replace(/^\//, '').startsWith('usr/')
  } catch (error) {
    const notALink = 'EINVAL'
    // Not every machine has /lib64.
    return errorCode(error) !== notALink
  }
}

/** Mounts of what a lab brings itself, at the paths it has here: the product, its Node and the run folder. */
export function labBinds({
  root,
  node,
  folder,
  cache,
}: {
  readonly root: string
  readonly node: string
  readonly folder: string
  readonly cache: string
}): readonly string[] {
  const readOnly = [root, join(root, 'node_modules'), node]
    .map((path) => realpathSync(path))
    .filter((path, index, all) => !all.slice(0, index).some((other) => isWithin(path, other)))
    .filter((path) => !isWithin(path, '/usr'))
  return [
    ...readOnly.map((path) => `${path}:${path}:ro`),
    `${folder}:${folder}`,
    ...(existsSync(cache) ? [`${cache}:${cache}`] : []),
  ]
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
