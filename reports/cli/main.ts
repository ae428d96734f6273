import { runReports } from './run-reports.ts'

process.exitCode = runReports(process.argv.slice(2), (line, stream) => {
  process[stream].write(`${line}\n`)
})
