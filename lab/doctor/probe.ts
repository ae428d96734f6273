import { probeCapabilities } from '#netns/capabilities.ts'

/** Runs in the surroundings of a lab and tells, as one line of JSON, what is possible there. */
process.stdout.write(`${JSON.stringify(await probeCapabilities())}\n`)
