/**
 * A chaos run: brings the plant up, publishes, disturbs by the schedule, drains, judges. Law 2, on the real program.
 */
import { startWitness, type Witness } from '../../simulators/publish-witness.ts'
import { createRandom } from '../../simulators/random.ts'
import { failure, messageOf } from '../core/errors.ts'
import { openEventLog } from '../eventlog/open.ts'
import { createLoad } from './load.ts'
import { type People, startPeople } from './people.ts'
import type { Disturbance, Plant, PlantContext } from './plant.ts'
import type { ChaosReport } from './report.ts'
import { scheduleOf } from './schedule.ts'
import { judgeLog, type Verdict, type Witnessed } from './verdict.ts'

export interface ChaosOptions extends Pick<PlantContext, 'dir' | 'root' | 'settingsOf'> {
  readonly createPlant: (context: PlantContext) => Promise<Plant>
  readonly kills: number
  readonly seed: number
  /** Names of the disturbances to come; `null` = all that the plant knows. */
  readonly only: readonly string[] | null
  /** Messages published a second. */
  readonly rate: number
  /** Ends the run before its time. */
  readonly signal: AbortSignal
  /** Told of each step. */
  readonly tell: (line: string) => void
}

/** Event time begins this far back and runs faster than the clock: the longest run ends before now. */
const HISTORY_MS = 20 * 24 * 3_600_000
const HEARD_WITHIN_MS = 60_000
const ACKNOWLEDGED_WITHIN_MS = 60_000
const POLL_MS = 5
/** Problems that are kept; the first ones tell the story. */
const MOST_PROBLEMS = 20

/** @returns what was done and found; whether it is right is `isProof`'s to say */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedMs = performance.now()
  const elapsed = () => (performance.now() - startedMs) / 1000
  const problems: string[] = []
  const problem = (text: string) => {
    if (problems.length < MOST_PROBLEMS) problems.push(text)
    options.tell(`PROBLEM: ${text}`)
  }
  let witness: Witness | null = null
  let people: People | null = null
  const heard = () => untilHeard(witness, options.signal)
  const done = new Map<string, number>()
  const did = (what: string) => {
    done.set(what, (done.get(what) ?? 0) + 1)
    options.tell(`${elapsed().toFixed(1).padStart(7)} s  ${what}`)
  }
  const { dir, root, settingsOf, seed, signal } = options
  const plant = await options.createPlant({ dir, root, settingsOf, signal, problem, did, heard })
  try {
    chosen(plant, options.only)
    await plant.start()
    const load = createLoad(seed, Date.now() - HISTORY_MS)
    witness = startWitness({ url: plant.mqttUrl, rate: options.rate, message: load.message })
    people = startPeople(plant.httpUrl, createRandom(seed, 'people'))
    const atEnd = await untilDrained(plant, { witness, people }, options, { did, heard, elapsed, problem })
    const { acknowledged } = witness
    const { accepted } = people
    const published = witness.published()
    // What was not processed to its end differs from what was in any case.
    const verdict = atEnd.isDrained
      ? await judged(plant, { load, published, acknowledged, accepted })
      : NOT_JUDGED
    if (atEnd.isDrained && verdict.records.scores === 0) problem('nothing was scored, so nothing is proved')
    return {
      done: Object.fromEntries(done),
      published,
      acknowledged: acknowledged.size,
      reconnects: witness.reconnects(),
      commands: accepted.size,
      ...verdict,
      problems,
      disturbedSeconds: atEnd.seconds,
      seconds: elapsed(),
    }
  } finally {
    await Promise.all([witness?.stop(0), people?.stop()])
    await plant.end()
  }
}

const NOT_JUDGED: Verdict = { differences: {}, records: {}, redelivered: 0 }

interface Telling {
  readonly did: (what: string) => void
  readonly problem: (text: string) => void
  readonly heard: () => Promise<void>
  /** Seconds since the start. */
  readonly elapsed: () => number
}

/** Disturbs, then lets all be processed. A program that does not come back is a finding, not our failure. */
async function untilDrained(
  plant: Plant,
  { witness, people }: { readonly witness: Witness; readonly people: People },
  options: ChaosOptions,
  { did, problem, heard, elapsed }: Telling,
): Promise<{ readonly isDrained: boolean; readonly seconds: number }> {
  let seconds = 0
  try {
    await disturb(plant, options, did)
    seconds = elapsed()
    options.tell(`${seconds.toFixed(1).padStart(7)} s  draining`)
    await heard()
    await people.stop()
    const left = await witness.stop(ACKNOWLEDGED_WITHIN_MS)
    if (left > 0) problem(`${left} messages were not acknowledged within ${ACKNOWLEDGED_WITHIN_MS / 1000} s`)
    await plant.drain()
    return { isDrained: true, seconds }
  } catch (error) {
    if (options.signal.aborted) throw failure('unavailable', 'interrupted')
    problem(`it did not come to its end, so nothing was compared: ${messageOf(error)}`)
    return { isDrained: false, seconds: seconds || elapsed() }
  }
}

async function judged({ settings }: Plant, seen: Witnessed): Promise<Verdict> {
  const log = await openEventLog(settings.log, { readOnly: true })
  try {
    return await judgeLog(log, settings, seen)
  } finally {
    await log.close()
  }
}

async function disturb(
  plant: Plant,
  { kills, seed, signal, only }: ChaosOptions,
  tell: (name: string) => void,
): Promise<void> {
  for (const { disturbance, random } of scheduleOf(chosen(plant, only), kills, seed)) {
    if (signal.aborted) throw failure('unavailable', 'interrupted')
    tell(await perform(disturbance, random))
  }
}

/** @throws failure 'usage' that names what there is */
function chosen({ disturbances }: Plant, only: ChaosOptions['only']): readonly Disturbance[] {
  if (only === null) return disturbances
  const known = disturbances.map(({ name }) => name)
  const unknown = only.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw failure('usage', `--only ${unknown}: there is no such disturbance; there are ${known.join(', ')}`)
  }
  return disturbances.filter(({ name }) => only.includes(name))
}

async function perform({ name, run }: Disturbance, random: Parameters<Disturbance['run']>[0]) {
  try {
    return await run(random)
  } catch (error) {
    throw failure('unavailable', `${name}: ${messageOf(error)}`, error)
  }
}

/** Something is acknowledged that was not before. */
async function untilHeard(witness: Witness | null, signal: AbortSignal): Promise<void> {
  if (witness === null) return
  const before = witness.acknowledged.size
  const deadline = performance.now() + HEARD_WITHIN_MS
  while (witness.acknowledged.size === before) {
    if (signal.aborted) throw failure('unavailable', 'interrupted')
    if (performance.now() > deadline) {
      throw failure('unavailable', `no message was acknowledged for ${HEARD_WITHIN_MS / 1000} s`)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
