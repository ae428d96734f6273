import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'

const runner = join(import.meta.dirname, 'main.ts')

describe('the docs runner', () => {
  it('refuses to run a page on the machine itself and in a process namespace that is not of a lab', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'page-'))
    const page = join(folder.path, 'page.md')
    const evidence = join(folder.path, 'ran')
    await writeFile(page, `\`\`\`sh\ntouch ${evidence}\n\`\`\`\n`)
    const node = [process.execPath, runner, page]
    const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
    for (const argv of [
      node,
      [...namespace, ...node],
      [...namespace, 'sh', '-c', `${node.join(' ')}; exit $?`],
      // Beside a holder, as there is one on a machine with a lab in containers.
      [
        ...namespace,
        'sh',
        '-c',
        `sh -c 'sleep 60; :' /lab/holder/main.ts & ${node.join(' ')}; exit $?`,
      ],
    ]) {
      const { status, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8' })
      expect(stderr).toContain('this is not a lab')
      expect(status).toBe(2)
    }
    expect(spawnSync('ls', [evidence]).status).not.toBe(0)
  })
})
