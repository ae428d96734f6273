import { parseChanges, type ChangeLists } from '#core/kong/plugins/transformation/change.ts'
import { changeHeaders } from '#core/kong/plugins/transformation/change-headers.ts'
import { wireBytes } from '#core/kong/plugins/wire-bytes.ts'
import type { FilteredRequest } from '#core/model/http-filter.ts'

/** Compiles what is done to a request's headers. `Host` can only be replaced, for the upstream. */
export function compileHeaderChanges(
  lists: ChangeLists,
): ((request: FilteredRequest) => void) | undefined {
  const all = parseChanges(lists)
  if (all === undefined) return undefined
  const host = all.replace.findLast(({ name }) => isHost(name))?.value
  const changes = {
    remove: all.remove.filter(({ name }) => !isHost(name)),
    rename: all.rename.filter(({ name, value }) => !isHost(name) && !isHost(value)),
    replace: all.replace.filter(({ name }) => !isHost(name)),
    add: all.add.filter(({ name }) => !isHost(name)),
    append: all.append.filter(({ name }) => !isHost(name)),
  }
  return (request) => {
    changeHeaders(request.headers, changes)
    if (host !== undefined) request.upstreamHost = wireBytes(host)
  }
}

function isHost(name: string | undefined): boolean {
  return name?.toLowerCase() === 'host'
}
