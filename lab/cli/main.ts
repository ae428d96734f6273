import { runMeshyard } from './run-meshyard.ts'

process.exitCode = await runMeshyard(process.argv.slice(2), process)
