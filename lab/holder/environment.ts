import { systemFolders } from '#lab/run/system-folders.ts'

const kept = ['HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TERM', 'COLORTERM']

/**
 * The environment of everything that runs in a lab: small and the same wherever the lab was started, since a `KONG_*`
 * or `https_proxy` of the person who starts it would change what the lab shows. `kong` is on PATH, and behind
 * everything else a `sudo` for machines without one.
 */
export function labEnvironment(
  outside: NodeJS.ProcessEnv,
  { first, last }: { readonly first: readonly string[]; readonly last: readonly string[] },
): Record<string, string> {
  const path = new Set([...first, ...(outside['PATH'] ?? '').split(':'), ...systemFolders, ...last])
  path.delete('')
  const inherited = kept.flatMap((name) => {
    const value = outside[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(inherited), PATH: [...path].join(':') }
}
