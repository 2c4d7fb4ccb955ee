/**
 * The engine of the peers' job, killed: `node dist/bench/peer-job/killed.js CONFIG KILLS`, which `engine.sh` runs in place
 * of the engine when `PEER_KILLS` is set. It starts the program, ends it by SIGKILL at a random moment of its catch-up
 * (some of them while it starts), starts it again on the same group and state, and lets the last one finish.
 * What it did is printed as `BENCH kill=…`; `bench/killed.ts` reads that.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../../src/commands/free-port.ts'
import { type Running, startProgram } from '../program.ts'

const FIRST_PORT = 28_680
const PARTITIONS = 4
/** Once it is as far as it is to come: anywhere within a batch and its commit. */
const WITHIN_BATCH_MS = 120
const POLL_MS = 5
/** Share of kills that come while it starts and restores, and within which time. */
const STARTING_SHARE = 0.3
const START_MS = 3000

const [config = '', killsText = '10'] = process.argv.slice(2)
const kills = Number(killsText)
const httpPort = await freePort('127.0.0.1', FIRST_PORT)
let running: Running | null = null
let isStopping = false

function start(): Running {
  running = startProgram(config, httpPort, ['--role', 'engine'])
  return running
}

/** Chaos is not repeated here: where a kill falls depends on the machine whatever the seed. */
function between(low: number, high: number): number {
  return low + Math.random() * (high - low)
}

/** Records that are not committed yet; the most there were stands for the whole job. */
let most = 0

async function lagOf(program: Running): Promise<number> {
  const lag = (await program.metric('forewarn_consumer_lag_records')) ?? 0
  most = Math.max(most, lag)
  return lag
}

/** The kills are spread over the job: the one with this number comes somewhere in its own part of it. */
async function killOnce(number: number): Promise<void> {
  const program = start()
  if (Math.random() < STARTING_SHARE) {
    await wait(between(0, START_MS))
    await program.kill()
    console.log(`BENCH kill=${number} starting`)
    return
  }
  await program.untilOwned(PARTITIONS)
  let lag = await lagOf(program)
  const until = most * (1 - between(number - 1, number) / (kills + 1))
  while (lag > until) {
    await wait(POLL_MS)
    lag = await lagOf(program)
  }
  await wait(between(0, WITHIN_BATCH_MS))
  await program.kill()
  console.log(`BENCH kill=${number} working lag=${lag}`)
}

process.on('SIGTERM', () => {
  isStopping = true
  void running?.stop()
})
for (let i = 1; i <= kills && !isStopping; i++) await killOnce(i)
if (!isStopping) process.exitCode = (await start().ended()) ?? 1
