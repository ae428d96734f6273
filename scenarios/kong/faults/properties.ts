import type { Property } from '#lab/faults/run-schedule.ts'

/** No request of Service A to Service B, with a connection of its own on each link, is answered with an error. */
export const noRequestFails: Property = async (lab, signal) => {
  if (signal.aborted) return
  const result = await lab.exec('service-a', [
    ...(['curl', '--silent', '--max-time', '10', '--output', '/dev/null'] as const),
    '--write-out',
    '%{http_code} after %{time_total} s',
    'http://10.2.0.5:18000/',
  ])
  if (result.exitCode === 0 && result.stdout.startsWith('200 ')) return
  throw new Error(`a request failed: curl ended with ${result.exitCode}, ${result.stdout}`)
}
