/**
 * More than it can take: `npm run bench overload [SECONDS] [embedded|kafka] [READINGS_PER_SECOND]`. First the highest load
 * that it sustains is found (unless it is named), and what it takes from publishers that only wait for their acknowledgements. Three times
 * the greater is offered for SECONDS (300) over MQTT at QoS 1, with payloads that are no JSON in between. What the program
 * has allocated must stay below 1.5 times that at the load that it sustains (resident are also pages of the embedded log
 * that are mapped: they grow with it and go when others need memory), nothing may crash, every acknowledged payload must be
 * accounted for (in = processed + dead letters; nothing is shed at QoS 1: publishers wait for their
 * acknowledgement), and it must be back to a lag below 5 s. Exit status 1 when one of it fails.
 */
import mqtt from 'mqtt'
import { highestLoad } from './latency.ts'
import { ASSETS, type Live, type LogName, withLive } from './live.ts'
import { STEP_MS } from './plant.ts'
import { residentMb } from './process.ts'
import { sleep } from './program.ts'

const TIMES = 3
const STEADY_SECONDS = 60
/** Long enough for the compiler and for batches to have their size. */
const SATURATED_SECONDS = 40
/** More than one process takes. */
const MOST_PER_SECOND = 500_000
const MOST_MEMORY = 1.5
const LAG_SECONDS = 5
const HEAD_START_MS = 4000
const SAMPLE_MS = 100
/** More than the program takes in before it stops reading sockets: the limit that is met is its own. */
const WINDOW = 100_000
const GARBAGE_EVERY_MS = 50

export async function overload([
  seconds = '300',
  which = 'embedded',
  rate,
]: readonly string[]): Promise<void> {
  const log = which as LogName
  const sustained = rate === undefined ? await withLive(log, highestLoad) : Number(rate)
  // Publishers that wait for nothing cost more than those of a schedule: which of the two takes more depends on the machine.
  const capacity = Math.max(sustained, await withLive(log, saturated))
  console.log(
    `sustained: ${sustained} readings/s; taken at most: ${capacity}; offered: ${capacity * TIMES} for ${seconds} s`,
  )
  const found = await withLive(log, (live) => measure(live, sustained, capacity, Number(seconds)))
  console.table(found)
  const isRight =
    found['allocated, times that before'] < MOST_MEMORY &&
    found['payloads unaccounted for'] === 0 &&
    found['readings unaccounted for'] === 0 &&
    found['s until the lag was below 5 s'] !== null
  console.log(isRight ? 'check 19: held' : 'check 19: FAILED, see the table')
  if (!isRight) process.exitCode = 1
}

/** Readings per second that it takes when publishers wait for nothing but their acknowledgements. */
async function saturated({ publish }: Live): Promise<number> {
  const most = SATURATED_SECONDS * MOST_PER_SECOND
  // Event time runs faster than time does: it begins so long ago that none is ahead.
  const startTs = Date.now() - (most / ASSETS) * STEP_MS
  const { readings } = await publish({
    rate: 0,
    readings: most,
    startTs,
    seconds: SATURATED_SECONDS,
    window: WINDOW,
  })
  return Math.round(readings / SATURATED_SECONDS)
}

async function measure(live: Live, sustained: number, capacity: number, seconds: number) {
  const { program, publish } = live
  const steady = peakMemory(program.pid)
  const first = await publish({
    rate: sustained,
    readings: sustained * STEADY_SECONDS,
    startTs: Date.now() + HEAD_START_MS,
  })
  const before = steady.end()
  const garbage = await startGarbage(live.mqttUrl)
  const over = peakMemory(program.pid)
  const secondHalf = peakMemory(program.pid, (seconds * 1000) / 2)
  const startTs = Date.now() + HEAD_START_MS
  const offered = capacity * TIMES * seconds
  const load = await publish({
    rate: capacity * TIMES,
    readings: offered,
    startTs,
    seconds: seconds + HEAD_START_MS / 1000,
    window: WINDOW,
  })
  const letters = await garbage.end()
  const acknowledged = first.readings + load.readings
  const recovery = await untilCaughtUp(live, acknowledged, sustained * LAG_SECONDS)
  const during = over.end()
  const received = (await program.metric('forewarn_received_total')) ?? 0
  const rejected = (await program.metric('forewarn_received_total', 'result="rejected"')) ?? 0
  const dead = (await program.metric('forewarn_dead_letters_total', 'reason="not-json"')) ?? 0
  return {
    'offered, readings': offered,
    'acknowledged, readings': load.readings,
    'taken, readings/s': Math.round(load.readings / seconds),
    'offered, times that': round(offered / load.readings),
    'not JSON, acknowledged': letters,
    'dead letters': dead,
    'payloads unaccounted for': acknowledged + letters - received + (letters - rejected) + (letters - dead),
    'readings unaccounted for': acknowledged - (await live.committed()),
    'resident MB at the sustained load': Math.round(before.all),
    'resident MB under overload': Math.round(during.all),
    'resident, times that before (where others need memory the log’s pages go)': round(
      during.all / before.all,
    ),
    'allocated MB (without pages of the log) before': Math.round(before.own),
    'allocated MB under overload': Math.round(during.own),
    'allocated, times that before': round(during.own / before.own),
    'allocated MB in its second half': Math.round(secondHalf.end().own),
    ...recovery,
  }
}

/** After the last acknowledgement. */
async function untilCaughtUp({ program, committed }: Live, all: number, fiveSeconds: number) {
  const startedMs = performance.now()
  const since = () => round((performance.now() - startedMs) / 1000)
  const waiting = all - (await committed())
  let below: number | null = null
  for (let left = waiting; left > 0 && program.alive(); left = all - (await committed())) {
    if (left < fiveSeconds) below ??= since()
    await sleep(SAMPLE_MS)
  }
  return {
    'readings that waited at the end': waiting,
    's until the lag was below 5 s': program.alive() ? (below ?? since()) : null,
    's until nothing waited': program.alive() ? since() : null,
  }
}

/** The greatest memory after so long. */
function peakMemory(pid: number, afterMs = 0): { end(): { readonly all: number; readonly own: number } } {
  let peak = { all: 0, own: 0 }
  const fromMs = performance.now() + afterMs
  const timer = setInterval(() => {
    if (performance.now() < fromMs) return
    const { all, own } = residentMb(pid)
    peak = { all: Math.max(peak.all, all), own: Math.max(peak.own, own) }
  }, SAMPLE_MS)
  // Whoever fails in between ends all the same.
  timer.unref()
  return {
    end() {
      clearInterval(timer)
      return peak
    },
  }
}

/** Payloads that are no JSON, a few each second; `end` tells how many were acknowledged. */
async function startGarbage(url: string): Promise<{ end(): Promise<number> }> {
  const client = await mqtt.connectAsync(url)
  const sent: Promise<unknown>[] = []
  const timer = setInterval(
    () => sent.push(client.publishAsync('sensors/pump-0001', '##not json##', { qos: 1 })),
    GARBAGE_EVERY_MS,
  )
  return {
    async end() {
      clearInterval(timer)
      await Promise.all(sent)
      await client.endAsync()
      return sent.length
    },
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
