import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { join } from 'node:path'
import { parsePage } from './parse-page.ts'
import { runPage } from './run-page.ts'
import { updateOutputs } from './update-outputs.ts'

const page = (first: string, second: string): string =>
  `# Page\n\n\`\`\`sh\necho one; echo two\n\`\`\`\n\n\`\`\`output\n${first}\n\`\`\`\n\n\`\`\`sh\necho three\n\`\`\`\n\n\`\`\`output\n${second}\n\`\`\`\n\nEnd.\n`

it('writes what is printed into blocks that say something else, and keeps patterns that hold', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'page-'))
  const update = async (text: string): Promise<string> => {
    const steps = parsePage(text)
    const environment = { PATH: process.env['PATH'] ?? '' }
    const results = await runPage(steps, { folder: folder.path, environment, goOn: true })
    return updateOutputs(text, { steps, results })
  }
  expect(await update(page('old\nolder\noldest', 'th…e'))).toBe(page('one\ntwo', 'th…e'))
  expect(await update(page('o…\ntwo', 'other'))).toBe(page('o…\ntwo', 'three'))
})
