import { LabError } from '#lab/run/lab-error.ts'
import { messageOf } from '#lab/run/fault.ts'
import { copiedImage, provideCopiedImage } from './copied-image.ts'
import type { Engine } from './engine.ts'
import { hostBinds, isMerged, provideHostImage } from './host-image.ts'
import { followProgress, hasImage } from './import-image.ts'

/** An image the engine has, and the mounts without which its containers do not run. */
export interface ProvidedImage {
  readonly name: string
  readonly binds: readonly string[]
}

/**
 * Sees to it that the engine has the image of a lab: the one that was asked for (`host-copy`: copies of this machine's
 * programs), else one that mounts this machine's programs, or has copies of them where that is not enough. It is pulled only
 * when its name says where from, as `registry.example:5000/kong:1.1.3` does.
 * @throws LabError that says which image is missing and how to get it.
 */
export async function provideImage(
  engine: Engine,
  wanted: string | undefined,
  onProgress?: (line: string) => void,
): Promise<ProvidedImage> {
  if (wanted === copiedImage || (wanted === undefined && !isMerged())) {
    return { name: await provideCopiedImage(engine), binds: [] }
  }
  if (wanted === undefined) return { name: await provideHostImage(engine), binds: hostBinds() }
  if (await hasImage(engine, wanted)) return { name: wanted, binds: [] }
  if (!namesRegistry(wanted)) {
    throw new LabError(
      `The container engine has no image "${wanted}"; images without a registry in their name are never pulled. ` +
        `Run "docker pull ${wanted}" first, or put the registry before the name (docker.io/…).`,
    )
  }
  try {
    const progress = await engine.pull(wanted)
    await followProgress(engine, progress, onProgress)
  } catch (error) {
    throw new LabError(`Cannot pull the image ${wanted}: ${messageOf(error)}`)
  }
  return { name: wanted, binds: [] }
}

/** Whether the first part of an image's name is a host, by the rule of the engines: it has a dot or a port, or is localhost. */
export function namesRegistry(image: string): boolean {
  const [host, ...rest] = image.split('/')
  return rest.length > 0 && host !== undefined && (/[.:]/.test(host) || host === 'localhost')
}
