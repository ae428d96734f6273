import { Writable } from 'node:stream'
import { runMeshyard } from './run-meshyard.ts'

export interface Told {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process and keeps what it prints, for tests. */
export async function runLine(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Told> {
  const written = { stdout: '', stderr: '' }
  const stream = (name: keyof typeof written): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[name] += chunk.toString()
        done()
      },
    })
  const code = await runMeshyard(argv, { stdout: stream('stdout'), stderr: stream('stderr'), env })
  return { code, ...written }
}
