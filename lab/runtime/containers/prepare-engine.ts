import { connectEngine } from './engine.ts'
import { provideImage } from './provide-image.ts'

/**
 * Sees to it that an engine answers and has the images that are named; tells how far it is.
 * @throws LabError as `provideImage` does, or when no engine answers.
 */
export async function prepareEngine(
  images: readonly string[],
  onProgress: (line: string) => void,
): Promise<void> {
  const engine = await connectEngine()
  for (const image of images) {
    // One progress at a time can be read.
    // oxlint-disable-next-line no-await-in-loop
    await provideImage(engine, image, onProgress)
  }
}
