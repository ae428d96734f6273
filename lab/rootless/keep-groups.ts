import { executeWithFixedGroups } from '#netns/fixed-groups.ts'

const [program, ...args] = process.argv.slice(2)
if (program === undefined) throw new RangeError('Say which program is to run.')
// A terminal's tcpdump would run as one user for all, which is not there.
executeWithFixedGroups(program, ['-Z', 'root', ...args])
