import {
  chmod,
  cp,
  mkdir,
  mkdtempDisposable,
  readdir,
  readFile,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { projectRoot } from '#lab/run/home.ts'
import { applyMutant } from './apply-mutant.ts'
import type { Mutant } from './mutant.ts'

/** A throw-away copy of the project, to be broken. The packages it needs are those of the project. */
export interface Workshop extends AsyncDisposable {
  readonly folder: string
  /** For whatever runs in it. */
  readonly environment: Readonly<Record<string, string>>
  /** Puts the fault into the copy until it is disposed of. */
  breakBy(mutant: Mutant): Promise<AsyncDisposable>
}

/** What the project runs without. */
const leftOut = new Set(['node_modules', '.git', '.meshyard', 'coverage', 'reports/out'])

export async function openWorkshop(): Promise<Workshop> {
  await using opening = new AsyncDisposableStack()
  const temporary = opening.use(await mkdtempDisposable(join(tmpdir(), 'mutate-')))
  // A database server runs as somebody else, and has to get to its folder.
  await chmod(temporary.path, 0o711)
  const folder = join(temporary.path, 'project')
  const places = {
    TMPDIR: join(temporary.path, 'tmp'),
    MESHYARD_HOME: join(temporary.path, 'labs'),
  }
  await cp(projectRoot, folder, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !leftOut.has(relative(projectRoot, source)),
  })
  await Promise.all(Object.values(places).map((place) => mkdir(place)))
  await chmod(places.TMPDIR, 0o711)
  await linkPackages(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  const owned = opening.move()
  return {
    folder,
    environment: places,
    breakBy: async (mutant) => {
      const path = join(folder, mutant.file)
      const source = await readFile(path, 'utf8')
      await writeFile(path, applyMutant(source, mutant))
      return { [Symbol.asyncDispose]: () => writeFile(path, source) }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A folder of its own, so that caches beside the packages are not those of the project. */
async function linkPackages(from: string, to: string): Promise<void> {
  await mkdir(to)
  const names = await readdir(from)
  await Promise.all(
    names
      .filter((name) => !name.startsWith('.') || name === '.bin')
      .map((name) => symlink(join(from, name), join(to, name))),
  )
}
