/**
 * The embedded log under chaos: one program with everything in it, killed while it starts and while it works,
 * stopped in order, frozen while another tries to take its folder, cut off after a reading went in.
 */
import { join } from 'node:path'
import type { Random } from '../../simulators/random.ts'
import { chaosConfig } from './chaos-config.ts'
import { writeConfig } from './config-file.ts'
import type { Disturbance, Plant, PlantContext } from './plant.ts'
import { freePorts, HOST } from './port.ts'
import { createProgram, type Program, stopInOrder, wait } from './program.ts'
import { type LossyProxy, startProxy } from './proxy.ts'

/** Work between two kills, at random. */
const WORK_MS = [50, 2000] as const
/** Share of the kills that come while it starts. */
const STARTING_SHARE = 0.3
const FROZEN_MS = [500, 2500] as const
/** A message goes out every few ms. */
const LOSE_WITHIN_MS = 3000
const REFUSED = 1

export async function createEmbeddedPlant(context: PlantContext): Promise<Plant> {
  const { dir, root, problem, signal } = context
  const [mqttPort, httpPort, otherHttpPort, otherMqttPort] = await freePorts(4)
  const proxy = await startProxy(mqttPort!)
  const settings = writeConfig(context, {
    ...chaosConfig({
      log: { adapter: 'embedded', dir: join(dir, 'data') },
      mqtt: { port: mqttPort },
    }),
  })
  const common = { root, dir, env: {}, signal }
  const program = createProgram({ ...common, name: 'program', args: ['up'], httpPort: httpPort! })
  const intruder = createProgram({
    ...common,
    name: 'intruder',
    args: ['up'],
    env: { FOREWARN_MQTT_PORT: String(otherMqttPort) },
    httpPort: otherHttpPort!,
  })
  const last = createProgram({
    ...common,
    name: 'catch-up',
    args: ['up', '--role', 'engine', '--until-caught-up'],
    httpPort: httpPort!,
  })
  return {
    mqttUrl: `mqtt://${HOST}:${proxy.port}`,
    httpUrl: `http://${HOST}:${httpPort}`,
    settings,
    disturbances: disturbancesOf(context, program, intruder, proxy),
    async start() {
      program.start()
      await program.untilReady()
    },
    async drain() {
      await stopInOrder(program, problem)
      last.start()
      const ending = await last.ended()
      if (ending !== 0) problem(`up --until-caught-up ended with ${ending}:\n${last.output()}`)
    },
    async end() {
      await Promise.all([program.kill(), intruder.kill(), last.kill()])
      await proxy.close()
    },
  }
}

function disturbancesOf(
  { problem, heard }: PlantContext,
  program: Program,
  intruder: Program,
  proxy: LossyProxy,
): Disturbance[] {
  /** Ready, and taking readings. */
  async function working(): Promise<void> {
    await program.untilReady()
    await heard()
  }

  async function kill(random: Random): Promise<string> {
    if (random.uniform() < STARTING_SHARE) await wait(random.between(0, program.startMs()))
    else {
      await working()
      await wait(random.between(...WORK_MS))
    }
    const isReady = await program.isReady()
    await program.kill()
    program.start()
    return isReady ? 'kill -9 of the program at work' : 'kill -9 of the program while it starts'
  }

  async function restart(random: Random): Promise<string> {
    await working()
    await wait(random.between(...WORK_MS))
    await stopInOrder(program, problem)
    program.start()
    return 'restart of the program in order'
  }

  async function freeze(random: Random): Promise<string> {
    await working()
    program.signal('SIGSTOP')
    intruder.start()
    await wait(random.between(...FROZEN_MS))
    if (await intruder.isReady()) problem('a second program runs on the folder of a frozen one')
    program.signal('SIGCONT')
    // Where the frozen one holds a transaction open, the second one waits for its end, and is refused then.
    const ending = await intruder.ended()
    if (ending !== REFUSED) {
      problem(`a second program on the folder of another ended with ${ending}:\n${intruder.output()}`)
    }
    return 'program frozen while a second one tries its folder'
  }

  async function loseAnswer(): Promise<string> {
    await working()
    if (!(await proxy.loseAnswer(LOSE_WITHIN_MS))) problem('no acknowledgement came that could be lost')
    return 'acknowledgement of MQTT lost'
  }

  return [
    { name: 'kill', share: 1, run: kill },
    { name: 'restart', share: 0.1, run: restart },
    { name: 'freeze', share: 0.1, run: freeze },
    { name: 'lost-acknowledgement', share: 0.3, run: loseAnswer },
  ]
}
