/**
 * Exactly once on the peers' job: `PEERS=FOLDER npm run bench killed [KILLS] [READINGS]`. FOLDER holds the peers'
 * benchmark (`run.sh`, its harness and its reference in numpy), which must have been built. The engine is killed so many
 * times (10) while it catches up; the harness compares every window with the reference. Exit status 1 when a window is
 * lost, doubled, miscounted or foreign, or a score is another.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ENGINE = fileURLToPath(new URL('../../bench/peer-job/engine.sh', import.meta.url))
const LABEL = 'ours-killed'
/** Each kill costs the group up to a session's timeout, in which nobody owns the partitions. */
const LIMIT_S = 1500
/** Scores are rounded to six decimals. */
const MOST_SCORE_ERROR = 1e-5

interface HarnessResult {
  readonly windows: number
  readonly windows_expected: number
  readonly duplicates: number
  readonly wrong_count: number
  readonly foreign: number
  readonly max_abs_score_err: number
  readonly skipped: number | null
  readonly skipped_expected: number
  readonly cpu_s: number
  readonly wall_s: number
}

export function killed([kills = '10', readings = '2000000']: readonly string[]): void {
  const { PEERS: peers } = process.env
  if (peers === undefined) throw new Error('set PEERS to the folder of the peers’ benchmark (its run.sh)')
  const env = {
    ...process.env,
    OURS_CMD: `bash ${ENGINE}`,
    PEER_KILLS: kills,
    LABEL,
    LIMIT_S: process.env.LIMIT_S ?? String(LIMIT_S),
  }
  const found = resultOf(join(peers, 'run.sh'), readings, env)
  const log = readFileSync(join(runsFolder(peers), `${LABEL}.log`), 'utf8')
  const done = [...log.matchAll(/^BENCH kill=\d+ (.*)$/gm)].map(([, how]) => how ?? '')
  const idle = done.filter((how) => how.endsWith('lag=0')).length
  const verdict = {
    'kills at work': done.filter((how) => how.startsWith('working')).length - idle,
    'kills while starting': done.filter((how) => how === 'starting').length,
    'kills that came too late': idle,
    'windows expected': found.windows_expected,
    lost: found.windows_expected - found.windows,
    doubled: found.duplicates,
    miscounted: found.wrong_count,
    foreign: found.foreign,
    'largest error of a score': found.max_abs_score_err,
    'not JSON': `${found.skipped} of ${found.skipped_expected}`,
    'wall s': found.wall_s,
    'CPU s, all lives that the harness saw': found.cpu_s,
  }
  console.table(verdict)
  const isRight =
    verdict.lost + verdict.doubled + verdict.miscounted + verdict.foreign === 0 &&
    found.max_abs_score_err <= MOST_SCORE_ERROR &&
    found.skipped === found.skipped_expected &&
    done.length === Number(kills) &&
    idle === 0
  console.log(isRight ? 'exactly once: nothing lost, doubled or miscounted' : 'NOT PROVED: see the table')
  if (!isRight) process.exitCode = 1
}

/** The harness exits with 1 when windows are missing; its line tells more. */
function resultOf(script: string, readings: string, env: NodeJS.ProcessEnv): HarnessResult {
  try {
    return lineOf(execFileSync(script, ['ours', readings], { env, encoding: 'utf8', stdio: OUTPUT_ONLY }))
  } catch (error) {
    const { stdout } = error as { readonly stdout?: unknown }
    if (typeof stdout !== 'string' || !stdout.includes('"windows_expected"')) throw error
    return lineOf(stdout)
  }
}

const OUTPUT_ONLY = ['ignore', 'pipe', 'inherit'] as ('ignore' | 'pipe' | 'inherit')[]

function lineOf(output: string): HarnessResult {
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as HarnessResult
}

/** As the peers' own scripts find it. */
function runsFolder(peers: string): string {
  const { PEERS_RUNS: runs, PEERS_LAB: lab } = process.env
  return runs ?? join(lab ?? join(peers, '../../lab'), 'peers-runs')
}
