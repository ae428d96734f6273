import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { Runtime } from '#lab/runtime/runtime.ts'
import { signalGroup } from '#lab/runtime/signal-group.ts'
import { execCommand } from './exec-command.ts'

/** Runs commands on this machine: what is claimed here is not about namespaces. */
const here: Pick<Runtime, 'run'> = {
  run: (_namespace, [program, ...args], env) => {
    const child = spawn(program, args, { env, detached: true })
    return {
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      exit: once(child, 'exit').then(([code]: (number | null)[]) => code ?? null),
      kill: () => {
        signalGroup(child.pid, 'SIGKILL')
      },
    }
  },
}

const request = {
  command: 'exec',
  node: 'node',
  argv: ['sh', '-c', 'echo on; exec sleep 60'],
  environment: {},
  input: '',
  timeoutMs: 30_000,
} as const
const context = {
  runtime: here,
  namespace: 'nowhere',
  environment: { PATH: '/usr/bin:/bin' },
  onOutput: () => {},
  signal: new AbortController().signal,
}

describe(execCommand, () => {
  it('ends a command whose output nobody takes, and rejects no promise that nobody awaits', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => {
      unhandled.push(reason)
    }
    process.on('unhandledRejection', note)
    try {
      const startedAt = performance.now()
      await expect(
        execCommand(request, {
          ...context,
          onOutput: async () => {
            throw new Error('the asker hung up')
          },
        }),
      ).rejects.toThrow('the asker hung up')
      expect(performance.now() - startedAt).toBeLessThan(30_000)
    } finally {
      process.off('unhandledRejection', note)
    }
    expect(unhandled).toStrictEqual([])
  })

  it('does not run a command on whose asker nobody waits any more', async () => {
    await expect(
      execCommand(request, { ...context, signal: AbortSignal.abort() }),
    ).resolves.toMatchObject({ exitCode: null })
  })
})
