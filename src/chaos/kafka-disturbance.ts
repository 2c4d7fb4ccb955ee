/** What is done to the processes around Kafka, and to Kafka. */
import type { Random } from '../../simulators/random.ts'
import { CLIENT_ID, type KafkaParts, SESSION_MS } from './kafka-parts.ts'
import { COMMIT_REQUESTS, type CommitRequest, chooseRequest } from './kafka-request.ts'
import type { Disturbance, PlantContext } from './plant.ts'
import { type Program, stopInOrder, wait } from './program.ts'

/** Work between two kills, at random. */
const WORK_MS = [50, 3000] as const
/** Share of the kills that hit an engine; the others an ingest, or HTTP. */
const ENGINE_SHARE = 0.75
/** Share of the kills that come while the program starts that was killed last. */
const STARTING_SHARE = 0.3
/** Beyond the session's timeout: others have its partitions when it wakes up. */
const ASLEEP_MS = [SESSION_MS + 500, SESSION_MS + 4000] as const
const BROKER_DOWN_MS = [500, 4000] as const
/** Commits come several times a second; after a rebalance not at once. */
const LOSE_WITHIN_MS = 30_000

/** The end of a connection is seen at once; this is plenty. */
const NOTICED_MS = 300

/** Does something while the engine that comes and goes stays as it is. */
type Without = (work: () => Promise<void>) => Promise<void>

interface Scene extends KafkaParts {
  readonly context: PlantContext
  readonly without: Without
  /** Ready, all of them, and taking readings. */
  working(): Promise<void>
}

export function kafkaDisturbances(context: PlantContext, parts: KafkaParts, without: Without): Disturbance[] {
  const scene: Scene = {
    ...parts,
    context,
    without,
    async working() {
      await Promise.all(
        [...parts.engines, ...parts.ingests, parts.http].map((program) => program.untilReady()),
      )
      await context.heard()
    },
  }
  return [
    { name: 'kill', share: 1, run: killer(scene) },
    { name: 'ingest', share: 0.1, run: (random) => killIngest(scene, random) },
    { name: 'zombie', share: 0.2, run: (random) => zombie(scene, random) },
    { name: 'restart', share: 0.1, run: (random) => restart(scene, random) },
    ...(parts.proxy ? [{ name: 'lost-answer', share: 0.3, run: loser(scene) }] : []),
    parts.cluster.ids.length === 1
      ? { name: 'broker', share: 0.1, run: (random: Random) => crashBroker(scene, random) }
      : { name: 'broker-loss', share: 0, run: (random: Random) => loseBroker(scene, random) },
    { name: 'lost-acknowledgement', share: 0.1, run: () => loseAcknowledgement(scene) },
    ...(parts.mosquitto
      ? [{ name: 'mqtt', share: 0.1, run: (random: Random) => restartMqtt(scene, random) }]
      : []),
  ]
}

function killer({ engines, ingests, http, working }: Scene) {
  const others = [...ingests, http]
  let latest: Program | null = null
  return async (random: Random): Promise<string> => {
    let target: Program
    if (latest !== null && random.uniform() < STARTING_SHARE) {
      target = latest
      await wait(random.between(0, target.startMs()))
    } else {
      target = pick(random.uniform() < ENGINE_SHARE ? engines : others, random)
      await working()
      await wait(random.between(...WORK_MS))
    }
    const isReady = await target.isReady()
    await target.kill()
    target.start()
    latest = target
    return `kill -9, role ${roleOf(target)}, ${isReady ? 'at work' : 'while it starts'}`
  }
}

/** While messages come, so that some are taken and not yet on the log, and others on it and not yet acknowledged. */
async function killIngest({ ingests, working }: Scene, random: Random): Promise<string> {
  const target = pick(ingests, random)
  await working()
  await wait(random.between(...WORK_MS))
  await target.kill()
  target.start()
  return 'kill -9, role ingest, at work'
}

async function zombie({ engines, working }: Scene, random: Random): Promise<string> {
  const target = pick(engines, random)
  await working()
  target.signal('SIGSTOP')
  await wait(random.between(...ASLEEP_MS))
  target.signal('SIGCONT')
  return 'engine asleep beyond its session, then awake (a zombie)'
}

async function restart({ engines, working, context }: Scene, random: Random): Promise<string> {
  const target = pick(engines, random)
  await working()
  await wait(random.between(...WORK_MS))
  await stopInOrder(target, context.problem)
  target.start()
  return 'restart of an engine in order'
}

/** One kind of request after the other, so that few losses meet all. */
function loser({ proxy, working }: Scene) {
  const kinds = Object.keys(COMMIT_REQUESTS) as CommitRequest[]
  let next = 0
  return async (): Promise<string> => {
    const kind = kinds[next++ % kinds.length]!
    await working()
    const isLost = await proxy!.loseAnswer(LOSE_WITHIN_MS, chooseRequest(kind, CLIENT_ID))
    return isLost ? `answer to ${kind} lost` : `no ${kind} whose answer could be lost`
  }
}

async function crashBroker(scene: Scene, random: Random): Promise<string> {
  const { cluster, without, working } = scene
  await working()
  await without(async () => {
    await cluster.kill(pick(cluster.ids, random))
    await wait(random.between(...BROKER_DOWN_MS))
    await cluster.revive()
  })
  return 'kill -9 of the Kafka broker, and restart'
}

async function loseBroker({ cluster, working }: Scene, random: Random): Promise<string> {
  await working()
  const id = pick(cluster.ids, random)
  await cluster.kill(id)
  return 'kill -9 of one of three Kafka brokers, for good'
}

async function loseAcknowledgement({ entrance, working, context }: Scene): Promise<string> {
  await working()
  if (!(await entrance.loseAnswer(LOSE_WITHIN_MS)))
    context.problem('no acknowledgement came that could be lost')
  return 'acknowledgement of MQTT lost'
}

/**
 * Mosquitto keeps sessions over a restart, but not their shared subscriptions (2.0.11, measured): what is published
 * before the ingests have subscribed again is acknowledged by it and lost. So publishers come back behind them.
 */
async function restartMqtt(
  { mosquitto, entrance, ingests, working }: Scene,
  random: Random,
): Promise<string> {
  await working()
  await wait(random.between(...WORK_MS))
  await entrance.shut(async () => {
    await mosquitto!.restart()
    await Promise.all(ingests.map((ingest) => untilReadyAgain(ingest)))
  })
  return 'restart of the MQTT broker'
}

/** What it said before the connection was lost does not count. */
async function untilReadyAgain(ingest: Program): Promise<void> {
  await wait(NOTICED_MS)
  await ingest.untilReady()
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[random.below(items.length)]!
}

function roleOf({ name }: Program): string {
  return name.replace(/-.*/, '')
}
