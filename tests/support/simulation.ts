/**
 * The deterministic simulation of the engine: one seed makes a plant and what arrives from it, and decides on
 * batches, crashes at every await, failed appends and commits, lost answers, standby engines and the order in which
 * waiting code goes on. The engine, its workers and the follower are the real ones; the log is the one in memory.
 * At the end everything committed must equal what an undisturbed worker makes of the same `readings`.
 */
import { createRandom, type Random } from '../../simulators/random.ts'
import { failure, messageOf } from '../../src/core/errors.ts'
import type { NewRecord } from '../../src/core/ports.ts'
import { type Engine, startEngine } from '../../src/engine/engine.ts'
import type { WorkerFigures } from '../../src/engine/worker.ts'
import { createMemoryLog, type FaultPoint, type MemoryLog } from '../../src/eventlog/memory.ts'
import { type Archive, archive, createArchive } from './archive.ts'
import { gated, type Mutation } from './gated-log.ts'
import { createPageCache, type PageCache } from './page-cache.ts'
import { checkOutcome, type Findings, lostFindings, unbalancedFindings } from './simulation-check.ts'
import { createTurns, settled, type Turns, waitFor } from './turns.ts'
import { GROUP } from './undisturbed-worker.ts'
import { createWorld, type World } from './world.ts'

/** What happened in a run; `findings` is empty when all laws held. */
export interface SimulationReport {
  readonly findings: Findings
  readonly readings: number
  readonly scores: number
  readonly alerts: number
  /** Of the alerts: about silence, and of these about all at once. */
  readonly silences: number
  readonly ingestDown: number
  readonly crashes: number
  readonly faults: number
  /** Batches that were read again to restore a state. */
  readonly replayed: number
}

/** Everything of a run. */
interface Run {
  readonly random: Random
  readonly world: World
  readonly turns: Turns
  readonly log: MemoryLog
  readonly cache: PageCache
  readonly mutation: Mutation | null
  /** Everything that ever stood on the topics: retention removes it from the log. */
  readonly archive: Archive
  /** Per partition, of the last commit. */
  readonly figures: Map<number, WorkerFigures>
  /** Alerts that some worker raised and none has cleared since. */
  readonly openAlerts: Set<string>
  /** Errors that this file threw itself. */
  readonly thrown: Set<unknown>
  readonly surprises: string[]
  engines: Engine[]
  /** Engines that crashed: what is left of them may still complain. */
  readonly dead: Set<Engine>
  /** Records that the sender must send (again). */
  unsent: readonly NewRecord[]
  disturbing: boolean
  crashes: number
  faults: number
  replayed: number
}

/** Steps of a run: each appends, or lets something go on, or breaks something. */
const FEWEST_STEPS = 52
const MORE_STEPS = 104
const RETENTION_MS = 2000

export async function simulate(seed: number, mutation: Mutation | null = null): Promise<SimulationReport> {
  const run = createRun(seed, mutation)
  const steps = FEWEST_STEPS + run.random.below(MORE_STEPS)
  for (let i = 0; i < steps; i++) await step(run)
  run.disturbing = false
  await finish(run)
  const { world, turns, figures, surprises } = run
  await turns.until(archive(run.archive, world, run.log))
  const outcome = await checkOutcome(world, run.archive, figures)
  const lost = lostFindings(run.cache.acknowledged, run.archive.readings.flat())
  return {
    ...outcome,
    findings: [...surprises, ...lost, ...outcome.findings],
    crashes: run.crashes,
    faults: run.faults,
    replayed: run.replayed,
  }
}

function createRun(seed: number, mutation: Mutation | null): Run {
  const world = createWorld(seed)
  const turns = createTurns()
  const random = createRandom(seed, 'simulation')
  const flush = () => (random.below(4) === 0 ? turns.gate() : settled())
  const log = createMemoryLog({
    partitions: world.partitions,
    topics: world.topics,
    group: GROUP,
    now: world.nowMs,
    retentionMs: RETENTION_MS,
    scheduler: turns.scheduler,
    atomic: mutation !== 'torn-commit',
    fault: (point) => disturb(run, point),
  })
  const run: Run = {
    random,
    world,
    turns,
    log,
    cache: createPageCache(log, flush, mutation !== 'early-ack'),
    mutation,
    archive: createArchive(world),
    figures: new Map(),
    openAlerts: new Set(),
    thrown: new Set(),
    surprises: [],
    engines: [],
    dead: new Set(),
    unsent: [],
    disturbing: true,
    crashes: 0,
    faults: 0,
    replayed: 0,
  }
  return run
}

async function step(run: Run): Promise<void> {
  const { random, turns, engines } = run
  const dice = random.uniform()
  if (engines.length === 0 ? dice < 0.5 : engines.length === 1 && dice < 0.03) start(run)
  else if (dice < 0.4) send(run)
  else if (dice < 0.44) crash(run)
  else if (dice < 0.46) await stop(run)
  else if (dice < 0.48) await retain(run)
  else for (let i = random.below(8); i >= 0 && turns.waiting() > 0; i--) await turns.fireOne(random)
  await settled()
}

/** Appends what the world brings. A sender that hears of a failure, or nothing at all, sends the same again. */
function send(run: Run): void {
  const { random, world, cache, openAlerts } = run
  if (cache.pending() > 0) return
  const records = run.unsent.length > 0 ? run.unsent : world.next([...openAlerts])
  run.unsent = records
  cache.write(records).then(
    () => {
      if (run.unsent === records && random.uniform() > 0.03) run.unsent = []
    },
    (error: unknown) => {
      if (!run.thrown.has(error)) run.surprises.push(`append: ${messageOf(error)}`)
    },
  )
}

function start(run: Run): void {
  const { log, world, random, figures, surprises } = run
  // Of two engines, the one that stands by owns nothing and sends no ticks.
  if (run.engines.length === 0) world.ownerChanged()
  const engine = startEngine({
    log: gated(run, log),
    group: GROUP,
    topics: world.topics,
    pipelines: world.pipelines,
    limits: { ...world.limits, batchRecords: 1 + random.below(40) },
    ticksMs: null,
    untilCaughtUp: false,
    clock: { now: world.nowMs, monotonic: world.nowMs },
    observer: {
      restored() {},
      inferred() {},
      committed: (seen, { partition }) => surprises.push(...unbalancedFindings(figures.set(partition, seen))),
    },
    append() {},
    onError(error) {
      if (!run.thrown.has(error) && !run.dead.has(engine)) surprises.push(`engine: ${error.message}`)
    },
  })
  engine.done.catch((error: unknown) => {
    if (!run.dead.has(engine)) surprises.push(`engine ended: ${messageOf(error)}`)
  })
  run.engines.push(engine)
}

/** All processes die at once; what they were about to do may still happen, but must not reach the log. */
function crash(run: Run): void {
  run.crashes++
  for (const engine of run.engines) run.dead.add(engine)
  run.log.crash()
  run.cache.crash()
  run.engines = []
  if (run.random.below(2) === 0) run.turns.forget()
}

async function stop(run: Run): Promise<void> {
  const [engine] = run.engines
  if (engine) await run.turns.until(engine.stop())
  run.engines = run.engines.filter((other) => other !== engine)
  run.world.ownerChanged()
}

/** Removes what is old and done with. */
async function retain(run: Run): Promise<void> {
  const { turns, world, log } = run
  // A crash would forget our own reading along with that of the engine.
  run.disturbing = false
  await turns.until(archive(run.archive, world, log))
  run.disturbing = true
  await log.retain(world.nowMs())
}

/** Called by the log at each of its points; a throw there is a failure. */
function disturb(run: Run, point: FaultPoint): void {
  const { random, disturbing } = run
  if (!disturbing || random.uniform() > 0.08) return
  run.faults++
  if (point === 'append') throw thrown(run, failure('log-unavailable', 'the disk is full'))
  if (random.below(2) === 0) {
    crash(run)
    throw thrown(run, new Error(`crash at ${point}`))
  }
  // After the commit has happened, "nothing was written" would be a lie.
  if (point === 'after-commit') throw thrown(run, new Error('the answer was lost'))
  throw thrown(run, failure('log-unavailable', `the disk is full at ${point}`))
}

function thrown(run: Run, error: Error): Error {
  run.thrown.add(error)
  return error
}

/** Nothing breaks any more: what is left is sent, processed and committed, and the engine stops in order. */
async function finish(run: Run): Promise<void> {
  const { turns, log, cache } = run
  await turns.until(waitFor(turns, () => cache.pending() === 0))
  if (run.unsent.length > 0) await log.append(run.unsent)
  if (run.engines.length === 0) start(run)
  // A commit in every partition, so that each reports the figures of its last life.
  await log.append(run.world.tick())
  await turns.until(caughtUp(run))
  while (run.engines.length > 0) await stop(run)
}

async function caughtUp({ engines, turns, world }: Run): Promise<void> {
  for (;;) {
    let owned = 0
    let behind = 0
    for (const engine of engines) {
      for (const lag of (await engine.lag()).values()) {
        owned++
        behind += lag
      }
    }
    if (owned === world.partitions && behind === 0) return
    await turns.gate()
  }
}
