import { enableCompileCache } from 'node:module'
import { compileCache } from '#lab/run/home.ts'

enableCompileCache(compileCache)
const { runMeshyard } = await import('./run-meshyard.ts')
process.exitCode = await runMeshyard(process.argv.slice(2), process)
