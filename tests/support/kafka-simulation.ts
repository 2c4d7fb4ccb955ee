/**
 * The deterministic simulation of the Kafka adapter (check 28): one seed makes a plant, brokers, processes that come, go,
 * die, stop and wake up again, and all that can happen to a request. Everything from the engine's worker down to the
 * bytes of Produce and Fetch is the real code; only `connectKafka` is another one (`brokers/client.ts`). At the end what
 * is committed must equal what an undisturbed worker makes of the same `readings`.
 */
import { createRandom } from '../../simulators/random.ts'
import { messageOf } from '../../src/core/errors.ts'
import type { EventLog } from '../../src/core/ports.ts'
import type { KafkaLog } from '../../src/eventlog/kafka.ts'
import { createCluster, NODES } from './brokers/cluster.ts'
import type { ProtocolMutation } from './brokers/mutant.ts'
import { compact } from './brokers/partition.ts'
import { crash, notice, openLog, type Run, start, stop } from './kafka-process.ts'
import { checkKafkaOutcome, type KafkaFindings } from './kafka-simulation-check.ts'
import { createTurns, settled, waitFor } from './turns.ts'
import { GROUP } from './undisturbed-worker.ts'
import { createWorld, pick } from './world.ts'

/** What happened in a run; `findings` is empty when all laws held. */
export interface KafkaReport extends KafkaFindings {
  readonly crashes: number
  /** Processes that were stopped and went on later. */
  readonly pauses: number
  /** Requests of owners that had been shut out. */
  readonly fenced: number
  readonly rebalances: number
  /** Positions read while a newer one waited for its marker. */
  readonly stale: number
  /** Transactions that ended in nothing, by partition. */
  readonly aborted: number
  /** Batches that were read again to restore a state. */
  readonly replayed: number
  /** `request: fault` → how often. */
  readonly met: ReadonlyMap<string, number>
}

const FEWEST_STEPS = 40
const MORE_STEPS = 80
const MOST_PROCESSES = 3
export async function simulateKafka(
  seed: number,
  mutation: ProtocolMutation | null = null,
): Promise<KafkaReport> {
  const run = createRun(seed, mutation)
  const { turns, trouble, surprises } = run
  const sender = await turns.until(openLog(run, turns.lane(), () => {}))
  trouble.disturbing = true
  const steps = FEWEST_STEPS + run.random.below(MORE_STEPS)
  for (let i = 0; i < steps; i++) await step(run, sender)
  trouble.disturbing = false
  trouble.awayNode = null
  try {
    await finish(run, sender)
  } catch (error) {
    surprises.push(messageOf(error))
  }
  const found = await turns.until(checkKafkaOutcome(run, sender))
  return {
    ...found,
    findings: [...surprises, ...found.findings],
    crashes: run.crashes,
    pauses: run.pauses,
    fenced: trouble.fenced,
    stale: trouble.cluster.stale,
    rebalances: trouble.cluster.group(GROUP).generation(),
    aborted: trouble.cluster.all().reduce((sum, { aborted }) => sum + aborted.length, 0),
    replayed: run.replayed,
    met: trouble.met,
  }
}

function createRun(seed: number, mutation: ProtocolMutation | null): Run {
  const world = createWorld(seed)
  const random = createRandom(seed, 'kafka-simulation')
  const turns = createTurns()
  const way = turns.lane()
  const cluster = createCluster({
    later: (task) => void way.scheduler.after(0, task),
    fetchBatches: () => 1 + random.below(20),
    ignoreSequences: mutation === 'no-abort',
  })
  return {
    random,
    world,
    turns,
    trouble: { random, cluster, way, disturbing: false, awayNode: null, met: new Map(), fenced: 0 },
    mutation,
    figures: new Map(),
    openAlerts: new Set(),
    sent: [],
    surprises: [],
    processes: [],
    count: 0,
    unsent: [],
    sending: false,
    crashes: 0,
    pauses: 0,
    replayed: 0,
  }
}

async function step(run: Run, sender: KafkaLog): Promise<void> {
  const { random, turns, processes, trouble } = run
  const dice = random.uniform()
  if (processes.length === 0 ? dice < 0.6 : processes.length < MOST_PROCESSES && dice < 0.05) start(run)
  else if (dice < 0.25) send(run, sender)
  else if (dice < 0.4) disturb(run, sender)
  else for (let i = random.below(40); i >= 0 && turns.waiting() > 0; i--) await turns.fireOne(random)
  if (trouble.awayNode !== null && random.below(4) === 0) trouble.awayNode = null
  await settled()
}

/** What happens to processes and brokers, beside what happens to requests. */
function disturb(run: Run, sender: KafkaLog): void {
  const { random, processes, trouble, surprises, world } = run
  const { cluster } = trouble
  const one = processes.length > 0 ? pick(random, processes) : null
  const dice = random.below(9)
  if (dice < 1 && one) crash(run, one)
  else if (dice < 3 && one) {
    if (one.lane.isPaused()) one.lane.resume()
    else {
      one.lane.pause()
      run.pauses++
    }
  } else if (dice < 4) for (const { lane } of processes) lane.resume()
  else if (dice < 5 && one) stop(run, one)
  else if (dice < 6) for (const id of cluster.transactions.ongoing()) cluster.transactions.timeOut(id)
  else if (dice < 7) trouble.awayNode = pick(random, NODES)
  else if (dice < 8) {
    for (const topic of [world.topics.state, world.topics['alert-states']])
      cluster.partitionsOf(topic).forEach(compact)
  } else {
    sender.retain(world.nowMs()).catch((error: unknown) => notice(error, surprises, 'retention'))
  }
}

/** Appends what the world brings; what the log says it did not take is sent again. */
function send(run: Run, sender: EventLog): void {
  if (run.sending) return
  const { world, openAlerts, surprises, sent } = run
  const records = run.unsent.length > 0 ? run.unsent : world.next([...openAlerts])
  run.unsent = records
  run.sending = true
  sender.append(records).then(
    (positions) => {
      records.forEach((record, i) => {
        sent.push({ record, position: positions[i]! })
      })
      run.unsent = []
      run.sending = false
    },
    (error: unknown) => {
      run.sending = false
      notice(error, surprises, 'append')
    },
  )
}

/** Nothing breaks any more: all goes on, what is left is sent, processed and committed, and all stop in order. */
async function finish(run: Run, sender: KafkaLog): Promise<void> {
  const { turns, world, trouble } = run
  for (const { lane } of run.processes) lane.resume()
  await turns.until(caughtUp(run, sender))
  // A commit in every partition by who owns it now, so that each reports the figures of its last life.
  run.unsent = world.tick()
  await turns.until(caughtUp(run, sender))
  for (const process of run.processes) stop(run, process)
  await turns.until(
    waitFor(trouble.way, () => run.processes.length === 0 && trouble.cluster.transactions.isQuiet()),
  )
}

/** Resolves when everything is appended and its position committed. */
async function caughtUp(run: Run, sender: KafkaLog): Promise<void> {
  const { world, trouble } = run
  const { readings } = world.topics
  await waitFor(trouble.way, () => {
    if (run.unsent.length > 0) send(run, sender)
    const working = run.processes.filter(({ stopping }) => !stopping)
    if (working.length === 0) start(run)
    if (run.sending) return false
    return trouble.cluster
      .partitionsOf(readings)
      .every(
        ({ partition, end }) =>
          end === 0 ||
          trouble.cluster.positions(GROUP).get(`${readings}/${partition}`)?.offset === String(end),
      )
  })
}
