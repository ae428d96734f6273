import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import tar from 'tar-stream'
import type { Engine } from '#lab/runtime/containers/engine.ts'
import { followProgress } from '#lab/runtime/containers/import-image.ts'
import { provideHostImage } from '#lab/runtime/containers/host-image.ts'

const installed = '/usr/lib/postgresql'

/**
 * Gives an engine without a registry this machine's PostgreSQL under the name of the image that a stack asks for, with
 * the variables that this image knows. Its containers have to mount this machine's programs.
 */
export async function providePostgres(engine: Engine, name: string): Promise<void> {
  const version = readdirSync(installed).toSorted().at(-1) ?? ''
  const base = await provideHostImage(engine)
  const context = tar.pack()
  context.entry({ name: 'entry', mode: 0o755 }, entry(join(installed, version, 'bin')))
  context.entry({ name: 'Dockerfile' }, `FROM ${base}\nCOPY entry /entry\nENTRYPOINT ["/entry"]\n`)
  context.finalize()
  await followProgress(
    engine,
    await engine.buildImage(Readable.from(context, { objectMode: false }), { t: name }),
  )
}

/** Its user is nobody, the only ordinary one that the image of this machine's programs has. */
function entry(programs: string): string {
  return `#!/bin/sh
set -eu
data=/var/lib/postgresql/data
as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups --'
if [ ! -e "$data/PG_VERSION" ]; then
  chown 65534:65534 "$data"
  chmod 700 "$data"
  $as_nobody ${programs}/initdb --pgdata="$data" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \\
    --auth=scram-sha-256 --locale=C --encoding=UTF8
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  echo "CREATE DATABASE $POSTGRES_DB" | $as_nobody ${programs}/postgres --single -D "$data" postgres
fi
exec $as_nobody ${programs}/postgres -D "$data" -c 'listen_addresses=*' -c unix_socket_directories=/tmp
`
}
