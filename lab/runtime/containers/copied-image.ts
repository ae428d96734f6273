import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import tar from 'tar-stream'
import type { Engine } from './engine.ts'
import { importImage } from './import-image.ts'

/** Name by which a person asks for this image. */
export const copiedImage = 'host-copy'

const folders = ['/usr/local/bin', '/usr/bin', '/usr/sbin', '/bin', '/sbin']
/** What topologies, scenarios and people run in nodes; those this machine has not are left out. */
const programs = [
  ...'sh bash cat echo env true false sleep ls mkdir rm head tail grep sed awk wc ps kill id'.split(
    ' ',
  ),
  ...'dirname basename readlink stat date tr cut sort uname hostname setpriv ip ss ping'.split(' '),
  ...'ncat curl tcpdump openssl nft'.split(' '),
]

/**
 * Provides an image with copies of this machine's programs and of the libraries they need, by a tag that names what was
 * copied: for engines that cannot mount the programs themselves. Takes a second and some ten megabytes.
 */
export async function provideCopiedImage(engine: Engine): Promise<string> {
  const found = programs.flatMap((name) => findProgram(name) ?? [])
  const libraries = await Promise.all([...found, process.execPath].map(librariesOf))
  const paths = [...new Set([...found, ...libraries.flat()])].toSorted()
  const hash = createHash('sha256')
  for (const path of paths) {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  return importImage(engine, `copy-${hash.digest('hex').slice(0, 12)}`, () => pack(paths))
}

function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** The libraries that the loader names for a program; none for one that it cannot load. */
async function librariesOf(program: string): Promise<readonly string[]> {
  try {
    const { stdout } = await promisify(execFile)('ldd', [realpathSync(program)])
    return [...stdout.matchAll(/(?:=> |^\s+)(\/\S+)/gm)].flatMap(([, path]) => path ?? [])
  } catch {
    return []
  }
}

/** Everything goes below /usr, whether or not it does here. */
function pack(paths: readonly string[]): tar.Pack {
  const archive = tar.pack()
  const targets = new Map(paths.map((path) => [inUsr(path), path]))
  const made = new Set(['.'])
  const makeFolder = (folder: string): void => {
    if (made.has(folder)) return
    makeFolder(dirname(folder))
    made.add(folder)
    archive.entry({
      name: folder,
      type: 'directory',
      mode: folder.endsWith('tmp') ? 0o1777 : 0o755,
    })
  }
  for (const folder of 'proc sys dev run root etc tmp var/tmp usr/bin usr/sbin usr/lib usr/lib64'.split(
    ' ',
  ))
    makeFolder(folder)
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    archive.entry({ name, type: 'symlink', linkname: `usr/${name}` })
  }
  archive.entry({ name: 'etc/passwd' }, 'root:x:0:0:root:/root:/bin/sh\n')
  archive.entry({ name: 'etc/group' }, 'root:x:0:\n')
  for (const [target, path] of targets) {
    makeFolder(dirname(target))
    archive.entry({ name: target, mode: 0o755 }, readFileSync(path))
  }
  archive.finalize()
  return archive
}

function inUsr(path: string): string {
  return path.startsWith('/usr/') ? path.slice(1) : `usr${path}`
}
