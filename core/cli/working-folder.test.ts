import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { kongCommand } from './kong-sandbox.ts'

it.each(['version', 'check'])(
  'says in a sentence that the folder in which kong %s was called is gone',
  async (command) => {
    const cwd = await mkdtemp(join(tmpdir(), 'gone-'))
    const child = spawn('/bin/sh', ['-c', `rmdir "${cwd}" && exec "${kongCommand}" ${command}`], {
      cwd,
    })
    const [stderr, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect(exitCode).toBe(1)
    expect(stderr).toContain(
      'Error: the folder that the command was called in has been removed; change to one that exists\n',
    )
    expect(stderr).not.toContain(' at ')
  },
)
