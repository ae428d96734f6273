/** The lab's socket, relative to the run folder: an absolute path may be longer than a socket address holds. */
export const socketFile = 'lab.sock'
