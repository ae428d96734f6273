import { connectEngine } from './engine.ts'
import { provideImage } from './provide-image.ts'

/**
 * Sees to it that the engine has an image, telling how far it is.
 * @throws LabError as `provideImage` does, or when no engine answers.
 */
export async function fetchNamedImage(
  image: string,
  onProgress: (line: string) => void,
): Promise<void> {
  await provideImage(await connectEngine(), image, onProgress)
}
