/** The processes of the Kafka simulation: each with a lane of turns, a log and an engine of its own, as on machines apart. */
import type { Random } from '../../simulators/random.ts'
import type { KafkaSettings } from '../../src/config/settings.ts'
import { isFailure, messageOf } from '../../src/core/errors.ts'
import type { NewRecord, Position } from '../../src/core/ports.ts'
import { type Engine, startEngine } from '../../src/engine/engine.ts'
import type { WorkerFigures } from '../../src/engine/worker.ts'
import { type KafkaLog, openKafkaLog } from '../../src/eventlog/kafka.ts'
import { createSimulatedClient } from './brokers/client.ts'
import { type Mutant, mutate, type ProtocolMutation } from './brokers/mutant.ts'
import { createNetwork, type Trouble } from './brokers/network.ts'
import { noting } from './noted-log.ts'
import type { Lane, Turns } from './turns.ts'
import { GROUP } from './undisturbed-worker.ts'
import { pick, type World } from './world.ts'

/** A program on some machine. */
export interface Process {
  readonly lane: Lane
  log: KafkaLog | null
  engine: Engine | null
  stopping: boolean
}

/** Everything of a run. */
export interface Run {
  readonly random: Random
  readonly world: World
  readonly turns: Turns
  readonly trouble: Trouble
  readonly mutation: ProtocolMutation | null
  readonly figures: Map<number, WorkerFigures>
  readonly openAlerts: Set<string>
  /** What was told to be durable, and where. */
  readonly sent: { readonly record: NewRecord; readonly position: Position }[]
  readonly surprises: string[]
  processes: Process[]
  count: number
  unsent: readonly NewRecord[]
  sending: boolean
  crashes: number
  pauses: number
  replayed: number
}

const RETENTION_MS = 4000
/** Never reached: what waits is decided by turns. */
const LONG_MS = 3_600_000
/** What a process may hear of; anything else is a surprise. A zombie may find gone what another owner is done with. */
const EXPECTED = ['log-unavailable', 'conflict', 'unavailable', 'not-found'] as const

export async function openLog(run: Run, lane: Lane, crash: () => void): Promise<KafkaLog> {
  const { world, trouble, random, mutation } = run
  const settings: KafkaSettings = {
    brokers: ['simulated:9092'],
    clientId: 'forewarn',
    ssl: null,
    sasl: null,
    replication: null,
    compression: 'none',
    sessionTimeoutMs: 6000,
    // Without time, a commit gives up at the first refusal; with it, it insists.
    transactionTimeoutMs: pick(random, [0, LONG_MS, LONG_MS]),
    requestTimeoutMs: LONG_MS,
  }
  const network = createNetwork(trouble, lane, settings, crash)
  const mutant: Mutant | null = mutation && {
    mutation,
    process: run.count++,
    group: GROUP,
    topic: world.topics.readings,
    early: new Map(),
  }
  return openKafkaLog({
    kafka: settings,
    partitions: world.partitions,
    topics: world.topics,
    group: GROUP,
    retentionMs: RETENTION_MS,
    now: world.nowMs,
    scheduler: lane.scheduler,
    async connect() {
      const client = createSimulatedClient(network)
      return mutant === null ? client : mutate(client, mutant)
    },
  })
}

/** Starts a process; it is there at once, its engine soon. */
export function start(run: Run): void {
  const process: Process = { lane: run.turns.lane(), log: null, engine: null, stopping: false }
  run.processes.push(process)
  openLog(run, process.lane, () => crash(run, process)).then(
    (log) => begin(run, process, log),
    (error: unknown) => {
      remove(run, process)
      notice(error, run.surprises, 'opening')
    },
  )
}

function begin(run: Run, process: Process, log: KafkaLog): void {
  const { world, random, figures, surprises, openAlerts } = run
  const noted = noting(log, world.topics.alerts, openAlerts, () => {
    run.replayed++
  })
  process.log = log
  process.engine = startEngine({
    log: noted,
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
      committed: (seen, { partition }) => figures.set(partition, seen),
    },
    append() {},
    onError: (error) => notice(error, surprises, 'engine'),
  })
  process.engine.done.catch((error: unknown) => notice(error, surprises, 'engine ended'))
  if (process.stopping) close(run, process)
}

/** As with SIGKILL. */
export function crash(run: Run, process: Process): void {
  run.crashes++
  process.lane.kill()
  remove(run, process)
}

function remove(run: Run, process: Process): void {
  run.processes = run.processes.filter((other) => other !== process)
}

/** As with SIGTERM. */
export function stop(run: Run, process: Process): void {
  if (process.stopping) return
  process.stopping = true
  if (process.engine !== null) close(run, process)
}

function close(run: Run, process: Process): void {
  const closing = async () => {
    await process.engine?.stop()
    await process.log?.close()
    remove(run, process)
  }
  closing().catch((error: unknown) => notice(error, run.surprises, 'closing'))
}

export function notice(error: unknown, surprises: string[], where: string): void {
  if (!EXPECTED.some((code) => isFailure(error, code))) surprises.push(`${where}: ${messageOf(error)}`)
}
