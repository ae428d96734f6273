/** What a node that was started in the background tells the command that started it, once, through a pipe. */
export type Verdict = { readonly ready: true } | { readonly ready: false; readonly reason: string }

/** Descriptor of that pipe in the node. */
export const verdictFd = 3

export function renderVerdict(verdict: Verdict): string {
  return verdict.ready ? 'ready' : verdict.reason
}

export function parseVerdict(text: string): Verdict {
  return text === 'ready' ? { ready: true } : { ready: false, reason: text }
}
