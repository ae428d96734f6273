import type { Property } from '#lab/faults/run-schedule.ts'

/** Begun one after the other, whether those before have ended or not: one that waits for a broken link holds up no other. */
const requests =
  "for i in 1 2 3 4; do curl --silent --max-time 10 --output /dev/null --write-out '%{http_code}\\n' http://10.2.0.5:18000/ & sleep 0.1; done; wait"

/** No request of Service A to Service B, with a connection of its own on each link, is answered with an error. */
export const noRequestFails: Property = async (lab, signal) => {
  if (signal.aborted) return
  const { stdout } = await lab.exec('service-a', ['sh', '-c', requests])
  const failed = stdout.split('\n').filter((status) => status !== '' && status !== '200')
  if (failed.length > 0) throw new Error(`a request failed: ${failed.join(', ')}`)
}
