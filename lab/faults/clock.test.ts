import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '#lab/run/home.ts'
import { becomingRoot } from '#lab/run/privileges.ts'
import { runToEnd, type Ended } from '#lab/run/run-to-end.ts'
import { samplePair } from '#lab/topology/sample-pair.ts'
import { findClockLibrary } from './clock.ts'

const timeoutMs = 180_000
const meshyard = join(projectRoot, 'lab/bin/meshyard')

/** Writes down what its clock says. */
const clerk = {
  kind: 'command',
  name: 'clerk',
  argv: ['sh', '-c', 'date +%Y >clock; exec sleep infinity'],
  environment: {},
  listens: [],
} as const

let home: string
let file: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'clock-'))
  file = join(home, 'pair.json')
  writeFileSync(file, JSON.stringify(samplePair([clerk])))
})
afterAll(() => {
  rmSync(home, { recursive: true })
})

/** Runs lines of shell with a lab that is up; `$1` is the program. */
function inLab(lines: string, { hidden }: { readonly hidden?: string } = {}): Promise<Ended> {
  const hide = hidden === undefined ? '' : 'mount -t tmpfs nothing "$3";'
  const script = `set -eu; ${hide} "$1" up "$2" --name clock >&2; trap '"$1" down --name clock >&2' EXIT; ${lines}`
  const apart = ['unshare', ...becomingRoot(), '--mount', '--propagation', 'private', '--']
  return runToEnd([...apart, 'sh', '-c', script, 'sh', meshyard, file, hidden ?? ''], {
    environment: { MESHYARD_HOME: home },
  })
}

/** Waits for what the clerk has written and takes it away. */
const readYear =
  'year() { until [ -s "$MESHYARD_HOME"/clock/clock ]; do sleep 0.05; done; cat "$MESHYARD_HOME"/clock/clock; rm "$MESHYARD_HOME"/clock/clock; }'

describe('a node', () => {
  it(
    'is started again with a shifted clock, and with the right one',
    { timeout: timeoutMs },
    async () => {
      const lines = `${readYear}; year; "$1" fault clock server +3y --name clock >&2; year; "$1" fault heal --all --name clock >&2; year`
      const { code, stdout, stderr } = await inLab(lines)
      const year = new Date().getFullYear()
      expect({ code, stdout, stderr: code === 0 ? '' : stderr }).toEqual({
        code: 0,
        stdout: `${year}\n${year + 3}\n${year}\n`,
        stderr: '',
      })
    },
  )

  it(
    'keeps its clock and its processes where libfaketime is missing, and both the fault and the doctor say so',
    { timeout: timeoutMs },
    async () => {
      const library = await findClockLibrary()
      if (library === undefined) throw new Error('libfaketime is not installed: npm run setup')
      const pids = '"$1" ps -o json --name clock | grep \'"pid"\''
      const lines = `
        ${pids} >"$MESHYARD_HOME"/before
        for kind in 'clock server +1y' 'expired-certificate server'; do
          if "$1" fault $kind --name clock; then echo "made: $kind"; fi
        done 2>&1
        ${pids} >"$MESHYARD_HOME"/after
        cmp "$MESHYARD_HOME"/before "$MESHYARD_HOME"/after
        "$1" fault list --name clock
        "$1" doctor`
      const { stdout } = await inLab(lines, { hidden: dirname(library) })
      const said =
        /The clock of a node is shifted by the library libfaketimeMT\.so\.1, which is not below .*: install the Debian package libfaketime\./g
      expect(stdout.match(said)).toHaveLength(2)
      expect(stdout).not.toContain('made: ')
      expect(stdout).toContain('Nothing is broken.')
      expect(stdout).toMatch(
        /~ libfaketime\n +It is not installed: no clock of a node can be shifted, so the faults clock and expired-certificate cannot be made\.\n +Install the Debian package libfaketime\./,
      )
    },
  )
})
