import { Readable } from 'node:stream'
import { LabError } from '#lab/run/lab-error.ts'
import { messageOf } from '#lab/run/fault.ts'
import { statusOf, type Engine } from './engine.ts'

const repository = 'meshyard'

/** Whether the engine has an image of that name. */
export async function hasImage(engine: Engine, name: string): Promise<boolean> {
  try {
    await engine.getImage(name).inspect()
    return true
  } catch (error) {
    const missing = 404
    if (statusOf(error) === missing) return false
    throw error
  }
}

/**
 * Gives the engine an image made of a tar archive, unless it has one with that tag; returns its name.
 * @throws LabError with the engine's words when it does not take it.
 */
export async function importImage(
  engine: Engine,
  tag: string,
  pack: () => AsyncIterable<unknown>,
): Promise<string> {
  const name = `${repository}:${tag}`
  if (await hasImage(engine, name)) return name
  try {
    const progress = await engine.importImage(Readable.from(pack(), { objectMode: false }), {
      repo: repository,
      tag,
      changes: [`LABEL ${repository}.image=${tag}`],
    })
    await followProgress(engine, progress)
    const { Size } = await engine.getImage(name).inspect()
    // An archive that was cut off right at its start is taken for an empty image.
    if (Size === 0) throw new Error('it is empty')
  } catch (error) {
    throw new LabError(`The container engine does not take the image ${name}: ${messageOf(error)}`)
  }
  return name
}

/** Reads what the engine tells of its progress to the end. */
export async function followProgress(
  engine: Engine,
  progress: NodeJS.ReadableStream,
  onLine: (line: string) => void = () => {},
): Promise<void> {
  const done = Promise.withResolvers<undefined>()
  engine.modem.followProgress(
    progress,
    (error: Error | null) => {
      if (error === null) done.resolve(undefined)
      else done.reject(error)
    },
    ({ status, id }: { readonly status?: string; readonly id?: string }) => {
      if (status !== undefined) onLine(id === undefined ? status : `${id}: ${status}`)
    },
  )
  await done.promise
}
