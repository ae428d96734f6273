import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** A project of no packages and a PATH with the given commands, so that a test installs nothing on this machine. */
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'setup-'))
  mkdirSync(join(root, 'lab/setup'), { recursive: true })
  mkdirSync(join(root, 'bin'))
  copyFileSync(join(import.meta.dirname, 'setup.sh'), join(root, 'lab/setup/setup.sh'))
  writeFileSync(join(root, 'package.json'), '{ "name": "empty", "version": "1.0.0" }')
  writeLock('1.0.0')
  for (const command of [...shell, ...wanted]) provide(command)
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

const shell = 'dirname cmp rm cp mv mkdir rmdir flock id node npm sh env'.split(' ')
/** Those below /usr/sbin are found there whatever PATH says. */
const wanted = ['ncat', 'curl', 'openssl', 'ps', 'tcpdump', 'faketime', 'redis-check-rdb']

function provide(command: string): void {
  const { stdout } = spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' })
  const path = stdout.trim()
  if (path === '') throw new Error(`this machine lacks ${command}`)
  symlinkSync(path, join(root, 'bin', command))
}

function writeLock(version: string): void {
  const lock = {
    name: 'empty',
    version,
    lockfileVersion: 3,
    packages: { '': { name: 'empty', version } },
  }
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify(lock))
}

interface Outcome {
  readonly status: number | null
  readonly stderr: string
}

function setup(
  environment: Readonly<Record<string, string>> = {},
  as: readonly string[] = [],
): Outcome {
  const script = join(root, 'lab/setup/setup.sh')
  const { status, stderr } = spawnSync('/usr/bin/env', [...as, '/bin/sh', script], {
    encoding: 'utf8',
    env: { PATH: join(root, 'bin'), HOME: root, ...environment },
  })
  return { status, stderr }
}

describe('setup', () => {
  it('installs npm packages once, and again when the lock file changes or an installation was cut short', () => {
    const installed = { status: 0, stderr: 'meshyard setup: installing npm packages\n' }
    const nothing = { status: 0, stderr: '' }
    mkdirSync(join(root, 'node_modules'))
    expect(setup()).toStrictEqual(installed)
    expect(setup()).toStrictEqual(nothing)
    writeFileSync(join(root, 'package.json'), '{ "name": "empty", "version": "1.0.1" }')
    writeLock('1.0.1')
    expect(setup()).toStrictEqual(installed)
    rmSync(join(root, 'node_modules/.meshyard-lock.json'))
    expect(setup()).toStrictEqual(installed)
    expect(setup()).toStrictEqual(nothing)
  })

  it('tells all that is missing, and installs none of it, when told not to', () => {
    rmSync(join(root, 'bin/ncat'))
    rmSync(join(root, 'bin/curl'))
    expect(setup({ MESHYARD_NO_INSTALL: '1' })).toStrictEqual({
      status: 1,
      stderr: [
        'meshyard setup: these Debian packages are missing: ncat curl',
        'meshyard setup: node_modules does not match package-lock.json; "npm ci" would make it so',
        'meshyard setup: nothing was installed, because MESHYARD_NO_INSTALL is 1',
        '',
      ].join('\n'),
    })
  })

  it('prints the command that installs Debian packages to those who may not run it', () => {
    rmSync(join(root, 'bin/ncat'))
    chmodSync(root, 0o755)
    // Only found, never run.
    symlinkSync('/bin/false', join(root, 'bin/apt-get'))
    const nobody = ['/usr/bin/setpriv', '--reuid=65534', '--clear-groups', '--']
    expect(setup({}, nobody)).toStrictEqual({
      status: 1,
      stderr: [
        'meshyard setup: these packages are missing; install them with:',
        '  sudo apt-get update && sudo apt-get install --yes --no-install-recommends ncat',
        '',
      ].join('\n'),
    })
  })

  it('installs PostgreSQL without a database and so without a server, whatever becomes of it', () => {
    const folder = '/etc/postgresql-common/createcluster.d'
    const initdb = '/usr/lib/postgresql/15/bin/initdb'
    // Instead of installing, it tells what an installation would find.
    const aptGet = (outcome: string): void => {
      const script = `
        case "$*" in *' update') exit 0 ;; esac
        echo "$*: $(cat ${folder}/*)" >&2
        ${outcome}`
      writeFileSync(join(root, 'bin/apt-get'), `#!/bin/sh${script}`, { mode: 0o755 })
    }
    provide('cat')
    mkdirSync(join(root, 'node_modules'))
    expect(setup()).toMatchObject({ status: 0 })

    aptGet(`mkdir -p ${initdb.replace('/initdb', '')} && cp /bin/true ${initdb}`)
    const installed = setupWithoutPostgres(folder)
    expect(installed.stderr.split('\n')).toStrictEqual([
      'meshyard setup: installing Debian packages: postgresql',
      expect.stringMatching(
        / install --yes --no-install-recommends postgresql: create_main_cluster = false$/,
      ),
      'left: theirs.conf',
      '',
    ])
    expect(installed.status).toBe(0)

    chmodSync(root, 0o755)
    const told = setupWithoutPostgres(folder, 'setpriv --reuid=65534 --clear-groups --')
    expect(told.stderr.split('\n')).toStrictEqual([
      'meshyard setup: these packages are missing; install them with:',
      `  sudo mkdir -p ${folder}`,
      `  echo 'create_main_cluster = false' | sudo tee ${folder}/meshyard.conf`,
      `  sudo apt-get update && sudo apt-get install --yes --no-install-recommends postgresql; sudo rm ${folder}/meshyard.conf`,
      'left: theirs.conf',
      '',
    ])

    aptGet('exit 100')
    const failed = setupWithoutPostgres(folder)
    expect(failed.stderr).toMatch(/could not install: postgresql\nleft: theirs\.conf\n$/)
    expect(failed.status).toBe(1)
  })
})

/**
 * Runs setup where PostgreSQL is not installed and its settings are empty but for a file of somebody else's, in a mount
 * namespace of its own, so that this machine keeps what it has; tells which settings are left.
 */
function setupWithoutPostgres(folder: string, as = ''): Outcome {
  const parent = folder.replace(/\/[^/]*$/, '')
  const script = `
    mount -t tmpfs tmpfs /usr/lib/postgresql && mount -t tmpfs tmpfs ${parent} || exit 99
    mkdir ${folder} && : >${folder}/theirs.conf
    ${as} env PATH=${join(root, 'bin')} /bin/sh ${join(root, 'lab/setup/setup.sh')}
    status=$?
    echo "left: $(ls ${folder})" >&2
    exit $status`
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const { status, stderr } = spawnSync(
    'unshare',
    [...user, '--mount', '--propagation', 'private', '--', '/bin/sh', '-c', script],
    { encoding: 'utf8', env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', HOME: root } },
  )
  return { status, stderr }
}
