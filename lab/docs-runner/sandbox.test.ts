import { spawnSync } from 'node:child_process'
import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { takeHostState } from './host-state.ts'

const runner = join(import.meta.dirname, 'main.ts')
/** Of this run alone: others may make the same page at the same time. */
const sleep = `sleep 1234567.${process.pid}`
const pattern = `^${sleep.replace('.', '[.]')}`
const page = `\`\`\`sh session=a
ip link add left-behind type veth peer name other
ip -br link show left-behind | grep -o '^left-behind'
mount -t tmpfs tmpfs /mnt
touch "$TMPDIR/left-behind" "$HOME/left-behind"
setsid --fork ${sleep} </dev/null >/dev/null 2>&1
until pgrep -f '${pattern}' >/dev/null; do :; done
\`\`\`

\`\`\`output
left-behind
\`\`\`
`

it('runs a page that breaks and leaves much, tells what still runs, and leaves nothing itself', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'sandbox-'))
  const temporary = join(folder.path, 'tmp')
  await mkdir(temporary)
  const file = join(folder.path, 'page.md')
  await writeFile(file, page)
  const before = takeHostState([temporary])
  const { stdout, status } = spawnSync(process.execPath, [runner, file, '--sandbox'], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: temporary },
  })
  // The control: it did all of it, and one thing is seen that is still there at the end.
  expect(stdout).toMatch(/^true +line 2: /)
  expect(stdout).toContain('the page ends, and these still run')
  expect(stdout).toContain(sleep)
  expect(status).toBe(1)
  expect(takeHostState([temporary])).toEqual(before)
  expect(await readdir(temporary)).toEqual([])
  expect(spawnSync('pgrep', ['-f', pattern]).status).toBe(1)
})
