import { readdirSync } from 'node:fs'
import { fingerprint } from '#netns/fingerprint.ts'

/** What a page could leave on the machine, as sorted lists of text: its network, its mounts, and files in these folders. */
export function takeHostState(
  folders: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  return {
    ...fingerprint(),
    files: folders.flatMap((folder) =>
      readdirSync(folder)
        .toSorted()
        .map((name) => `${folder}/${name}`),
    ),
  }
}
