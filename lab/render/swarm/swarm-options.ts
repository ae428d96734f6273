import type { ImageOptions } from '#lab/render/workload.ts'

export interface SwarmOptions extends ImageOptions {
  /** Folders of each machine that all containers see at the same path, for images that hold no programs. Default: none. */
  readonly mounts?: readonly string[]
}
