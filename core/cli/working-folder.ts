import { MeshError } from '#core/base/errors.ts'

/** @throws MeshError `no-folder` when the folder was removed while a shell was in it. */
export function workingFolder(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw new MeshError(
      'no-folder',
      'the folder that the command was called in has been removed; change to one that exists',
      { cause },
    )
  }
}
